"""manage.py check_cloud: is everything there that the portal needs of its cloud?"""

import json
import logging
import signal
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from cloud import open_cloud
from cloud.contract import Cloud, CloudError
from cloud.diagnosis import Check, note, of_any, right, wrong
from cloud.openstack.doctor import checks
from cloud.openstack.doctor.survey import SECONDS
from cloud.openstack.doctor.trial import trial
from machines import cloud_identity
from portal.management import output
from tunnels import site_names

NAMES = gettext_noop("Names")
MARKS = {"right": "✓", "note": "!", "wrong": "✗"}


class Command(BaseCommand):
    help = "Look at everything that the portal needs of its cloud, and say what mends what is wrong. Changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--with-guest", action="store_true", help="launch a real machine, reach it, put it to sleep, and delete it"
        )
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument("--lang", choices=[code for code, _name in settings.LANGUAGES])

    def handle(self, *args: Any, **options: Any) -> None:
        logging.disable(logging.WARNING)  # what goes wrong is a row
        try:
            with override(output.language(options["lang"])):
                rows = self._print(_rows(with_guest=options["with_guest"]), as_json=options["json"])
        finally:
            logging.disable(logging.NOTSET)
        if any(row.ok == "wrong" for row in rows):
            sys.exit(1)

    def _print(self, found: Iterable[Check], *, as_json: bool) -> list[Check]:
        rows = []
        for row in found:
            rows.append(row)
            if not as_json:
                self._print_row(row)
        if as_json:
            self.stdout.write(json.dumps([_as_json(row) for row in rows], ensure_ascii=False, indent=1))
        else:
            counts = {ok: sum(row.ok == ok for row in rows) for ok in MARKS}
            self.stdout.write("\n" + _("%(right)s right, %(note)s worth knowing, %(wrong)s wrong.") % counts)
        return rows

    def _print_row(self, row: Check) -> None:
        paint = {"right": self.style.SUCCESS, "note": self.style.WARNING, "wrong": self.style.ERROR}[row.ok]
        for line in output.lines(paint(MARKS[row.ok]), row.topic, str(row.found), row.mend):
            self.stdout.write(line)
        self.stdout.flush()


def _rows(*, with_guest: bool) -> Iterator[Check]:
    yield from _names()
    if not settings.IS_OPENSTACK:
        yield from of_any(open_cloud())
        return
    cloud = output.openstack(api_timeout=SECONDS)
    entered = True
    for row in checks.look(output.survey(cloud)):
        entered = entered and not (row.ok == "wrong" and row.topic in ("Settings", "Keystone", "Nova", "Network"))
        yield row
    if entered:
        yield from _another(cloud)
    if with_guest and entered:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill cleans up, too
        yield from trial(output.openstack())  # as patient as the portal
    elif entered:
        yield checks.guest_not_tried()


def _names() -> Iterator[Check]:
    """Check that students' public ports are somewhere else than the portal, to a browser. Nothing without a gateway, or a database."""
    try:
        known = site_names.gateways()
    except DatabaseError:
        return
    for name, host in known:
        facts = {"host": host, "name": name}
        if own := site_names.clash(host):
            text = gettext_noop(
                "%(host)s (gateway %(name)s) and %(own)s, the portal's, are one site to a browser: whoever opens a student's port "
                "gives their sign-in to that machine."
            )
            yield wrong(NAMES, text, f"manage.py gateway {name} --public-host OTHER-NAME", own=own, **facts)
        elif own := site_names.neighbour(host):
            text = gettext_noop(
                "%(host)s (gateway %(name)s) shares a domain with %(own)s, the portal's. Cookies of the portal do not go there; "
                "a name below another domain would be safer still."
            )
            yield note(NAMES, text, own=own, **facts)
        else:
            yield right(
                NAMES,
                gettext_noop("Students' ports are at %(host)s (gateway %(name)s), apart from the portal."),
                **facts,
            )


def _another(cloud: Cloud) -> Iterator[Check]:
    """Return a row when the machines of this database are on another cloud."""
    try:
        cloud_identity.require(cloud)
    except cloud_identity.AnotherCloud as error:
        yield wrong("Cloud", gettext_noop("It is another one: %(said)s"), "manage.py accept_cloud", said=str(error))
    except (CloudError, DatabaseError):
        return  # that is not what is looked at here, or is told by the other rows


def _as_json(row: Check) -> dict[str, Any]:
    return {"topic": row.topic, "ok": row.ok, "found": str(row.found), "mend": row.mend.splitlines()}
