"""manage.py setup_cloud: make what is missing on an empty cloud, and take over what it has into the catalog."""

import logging
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import override

from catalog.actions import look_again
from cloud import open_cloud
from cloud.contract import Cloud, CloudError
from cloud.openstack.doctor.setup import Step, Wishes, set_up
from cloud.openstack.upload import Upload
from lib.notes import Refusal
from machines import cloud_identity
from portal.management import output

MARKS = {"right": "✓", "did": "+", "would": "?", "left": "–"}


class Command(BaseCommand):
    help = (
        "Make what Minga needs on an empty cloud (quota of key pairs, three sizes, an image), then read the catalog. "
        "Said twice, done once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="change nothing, only say what would be done")
        parser.add_argument("--image", type=Path, metavar="FILE", help="a disk image (qcow2, raw) to upload")
        parser.add_argument("--name", help="what the image is to be called")
        parser.add_argument("--login", help="who signs in to it over SSH")
        parser.add_argument("--lang", choices=[code for code, _name in settings.LANGUAGES])

    def handle(self, *args: Any, **options: Any) -> None:
        logging.disable(logging.WARNING)  # what goes wrong is a row
        try:
            with override(output.language(options["lang"])):
                self._set_up(_upload(options), do=not options["dry_run"])
        finally:
            logging.disable(logging.NOTSET)

    def _set_up(self, upload: Upload | None, *, do: bool) -> None:
        cloud: Cloud = open_cloud()
        steps: list[Step] = []
        if settings.IS_OPENSTACK:
            cloud = openstack = output.openstack()
            for step in set_up(output.survey(openstack), Wishes(do, upload)):
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
        for line in output.lines(MARKS[step.what], step.topic, text, step.mend):
            self.stdout.write(line)
        self.stdout.flush()

    def _take_over(self, cloud: Cloud) -> None:
        try:
            cloud_identity.require(cloud)
            images, flavors = look_again(cloud)
        except CloudError as error:
            raise CommandError(_("The catalog could not be read: %(said)s") % {"said": error}) from None
        text = _(
            "%(images)s systems and %(flavors)s sizes are in the portal. Administrators say there which are offered."
        )
        for line in output.lines("✓", "Catalog", text % {"images": images, "flavors": flavors}):
            self.stdout.write(line)


def _upload(options: dict[str, Any]) -> Upload | None:
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
    return _("Nothing was to be done.")
