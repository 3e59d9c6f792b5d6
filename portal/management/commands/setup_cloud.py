"""manage.py setup_cloud: make what is missing on an empty cloud, and take over what it has into the catalog."""

import logging
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from catalog.actions import look_again
from cloud import open_cloud
from cloud.contract import Cloud, CloudError
from cloud.openstack.doctor.setup import Step, Wishes, set_up
from cloud.openstack.upload import Upload
from cloud.starter.builder import CannotBuild, find_or_build
from cloud.starter.recipes import LOGIN, RECIPES
from lib.notes import Refusal
from machines import cloud_identity
from portal.management import output
from portal.ops import cloud_survey

CACHE = Path("~/.cache/minga/starter")
MARKS = {"right": "✓", "did": "+", "would": "?", "left": "–"}


class Command(BaseCommand):
    help = (
        "Make what Minga needs on an empty cloud (quota of key pairs, three sizes, an image), then read the catalog. "
        "Said twice, done once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="change nothing, only say what would be done")
        parser.add_argument("--image", type=Path, metavar="FILE", help="a disk image (qcow2, raw) to upload")
        parser.add_argument(
            "--build",
            choices=sorted(RECIPES),
            help="a guest to build from Debian's packages, and to upload: instead of --image",
        )
        parser.add_argument(
            "--folder", type=Path, default=CACHE, help="where built images are kept (default: %(default)s)"
        )
        parser.add_argument("--name", help="what the image is to be called")
        parser.add_argument("--login", help="who signs in to it over SSH")
        parser.add_argument("--lang", choices=[code for code, _name in settings.LANGUAGES])

    def handle(self, *args: Any, **options: Any) -> None:
        logging.disable(logging.WARNING)  # what goes wrong is a row
        try:
            with override(output.language(options["lang"])):
                upload = _upload(options)
                if options["build"] and not upload:
                    text = _("Would be done: %(name)s is built from Debian's packages, and uploaded.")
                    self._row("would", "Images", text % {"name": RECIPES[options["build"]].title})
                self._set_up(upload, do=not options["dry_run"])
        finally:
            logging.disable(logging.NOTSET)

    def _set_up(self, upload: Upload | None, *, do: bool) -> None:
        cloud: Cloud = open_cloud()
        steps: list[Step] = []
        if settings.IS_OPENSTACK:
            cloud = openstack = cloud_survey.openstack()
            for step in set_up(cloud_survey.survey(openstack), Wishes(do, upload)):
                steps.append(step)
                self._say(step)
        if do and not any(step.what == "left" and step.topic in ("Settings", "Keystone") for step in steps):
            self._take_over(cloud)
        self.stdout.write("\n" + _end(steps))
        if any(step.what == "left" for step in steps):
            sys.exit(1)

    def _say(self, step: Step) -> None:
        words = {"did": _("Done:"), "would": _("Would be done:"), "left": _("Left to you:"), "right": ""}
        text = f"{words[step.what]} {step.text}".strip()
        self._row(step.what, step.topic, text, step.mend)

    def _row(self, what: str, topic: str, text: str, mend: str = "") -> None:
        for line in output.lines(MARKS[what], topic, text, mend):
            self.stdout.write(line)
        self.stdout.flush()

    def _take_over(self, cloud: Cloud) -> None:
        try:
            cloud_identity.require(cloud)
            images, flavors = look_again(cloud)
        except CloudError as error:
            raise CommandError(_("The catalog could not be read: %(said)s") % {"said": error}) from None
        systems = ngettext("%(count)s system", "%(count)s systems", images) % {"count": images}
        sizes = ngettext("%(count)s size", "%(count)s sizes", flavors) % {"count": flavors}
        text = _("In the portal: %(systems)s and %(sizes)s. Administrators say there which are offered.")
        for line in output.lines("✓", "Catalog", text % {"systems": systems, "sizes": sizes}):
            self.stdout.write(line)


def _build(options: dict[str, Any]) -> Upload | None:
    """Build a starter image where it is not built yet. A dry run builds none."""
    recipe = RECIPES[options["build"]]
    if not settings.IS_OPENSTACK:
        raise CommandError(
            _("--build uploads to an OpenStack. For the local cloud, make run builds the Debian guest itself.")
        )
    if options["image"] or options["name"] or options["login"]:
        raise CommandError(_("--build has its own name and login: leave out --image, --name and --login."))
    try:
        folder = options["folder"].expanduser()
        if options["dry_run"] and not (folder / recipe.file_name).exists():
            return None
        path = find_or_build(folder, recipe, lambda sentence: print(sentence, file=sys.stderr, flush=True))
    except (CannotBuild, OSError, RuntimeError) as trouble:  # RuntimeError: this user has no home
        raise CommandError(str(trouble)) from None
    return Upload.of(path, recipe.title, LOGIN)


def _upload(options: dict[str, Any]) -> Upload | None:
    if options["build"]:
        return _build(options)
    given = [options["image"], options["name"], options["login"]]
    if not any(given):
        return None
    if not all(given):
        raise CommandError(_("An image needs all three: --image FILE --name NAME --login USER."))
    try:
        return Upload.of(*given)
    except Refusal as refusal:
        raise CommandError(str(refusal)) from None


def _end(steps: list[Step]) -> str:
    if any(step.what == "would" for step in steps):
        return _("Nothing was changed. Leave out --dry-run to do it.")
    if any(step.what == "left" for step in steps):
        return _("Something is left to you. Then: manage.py check_cloud")
    if any(step.what == "did" for step in steps):
        return _("Done. Now: manage.py check_cloud --with-guest")
    return _("There was nothing to do.")
