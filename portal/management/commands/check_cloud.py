"""manage.py check_cloud: is everything there that the portal needs of its cloud?"""

import json
import logging
import sys
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import override

from cloud.diagnosis import Check
from portal.management import output
from portal.ops.checks_of_cloud import checks_of_all, checks_of_consoles

MARKS = {"right": "✓", "note": "!", "wrong": "✗"}


class Command(BaseCommand):
    help = "Look at everything that the portal needs of its cloud, and say what mends what is wrong. Changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--with-guest", action="store_true", help="launch a real machine, reach it, put it to sleep, and delete it"
        )
        parser.add_argument(
            "--consoles", action="store_true", help="only the account for consoles; run it as the live process's user"
        )
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument("--lang", choices=[code for code, _name in settings.LANGUAGES])

    def handle(self, *args: Any, **options: Any) -> None:
        logging.disable(logging.WARNING)  # what goes wrong is a row
        try:
            with override(output.language(options["lang"])):
                found = checks_of_consoles() if options["consoles"] else checks_of_all(with_guest=options["with_guest"])
                rows = self._print(found, as_json=options["json"])
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


def _as_json(row: Check) -> dict[str, Any]:
    return {"topic": row.topic, "ok": row.ok, "found": str(row.found), "mend": row.mend.splitlines()}
