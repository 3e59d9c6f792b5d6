"""manage.py idle: one sweep over idle machines, now; with --dry-run only what it would do, and why."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from lib.notes import two_forms
from machines.idle import enforce, signals, times
from machines.idle.coming_deeds import Deed, coming_deeds
from machines.idle.forecast import Outlook
from machines.idle.stages import ALL, Step
from machines.models import Machine
from portal.management import output

AHEAD = timedelta(hours=24)
DEEDS = {
    Deed.SLEEP: two_forms("%(count)s machine goes to sleep.", "%(count)s machines go to sleep."),
    Deed.PUT_AWAY: two_forms("%(count)s machine is put away.", "%(count)s machines are put away."),
    Deed.ARCHIVE: two_forms("%(count)s machine is archived.", "%(count)s machines are archived."),
    Deed.DELETE: two_forms("%(count)s machine is deleted.", "%(count)s machines are deleted."),
}


class Command(BaseCommand):
    help = "Ask about, put to sleep, put away, archive and delete what nobody uses: one sweep, now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="change nothing: say what the next sweep would do")
        parser.add_argument("--table", action="store_true", help="show the stages: of which machines, and what is done")
        parser.add_argument("--lang", choices=[code for code, _name in settings.LANGUAGES])

    def handle(self, *args: Any, **options: Any) -> None:
        with override(output.language(options["lang"])):
            if options["table"]:
                return self._table()
            self._foretell(timezone.now()) if options["dry_run"] else self._sweep(timezone.now())

    def _table(self) -> None:
        for stage in ALL:
            self.stdout.write(f"{stage.name}: {_(stage.which)} → {_(stage.does)}")

    def _sweep(self, now: datetime) -> None:
        signals.gather(now)
        done = enforce.tick(now)
        self._title(ngettext("%(count)s thing was done.", "%(count)s things were done.", len(done)), done)
        for step in done:
            self._say("", step)

    def _foretell(self, now: datetime) -> None:
        outlooks = enforce.load_outlooks(now)
        prefetch_related_objects([outlook.facts.machine for outlook in outlooks], "owner")
        steps = enforce.plan(outlooks, now)
        title = ngettext(
            "The next sweep would do %(count)s thing.", "The next sweep would do %(count)s things.", len(steps)
        )
        self._title(title, steps)
        for step in steps:
            self._say("", step)
        later = enforce.ahead(outlooks, now, AHEAD)
        self._title(
            ngettext(
                "In the next 24 hours, if nothing changes: %(count)s thing.",
                "In the next 24 hours, if nothing changes: %(count)s things.",
                len(later),
            ),
            later,
        )
        for step in later:
            self._say(f"{times.moment(step.due_at, now)} ({times.zone()}) ", step, why=False)
        self._week(outlooks, now)
        self._unknown(outlooks)

    def _week(self, outlooks: Sequence[Outlook], now: datetime) -> None:
        """Count what comes in the next 7 days, as administrators' pages do."""
        counts = Counter(each.deed for each in coming_deeds(outlooks, now))
        self.stdout.write(self.style.MIGRATE_HEADING(_("In the next 7 days, if nobody uses them:")))
        for deed in Deed:
            self.stdout.write("  " + ngettext(*DEEDS[deed], counts[deed]) % {"count": counts[deed]})

    def _title(self, text: str, steps: Sequence[Step]) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(text % {"count": len(steps)}))

    def _say(self, when: str, step: Step, *, why: bool = True) -> None:
        reason = f" {step.why}" if why else ""
        does = _(step.stage.does)
        self.stdout.write(f"  {when}{_name(step.outlook.facts.machine)}: {does}.{reason}")

    def _unknown(self, outlooks: Sequence[Outlook]) -> None:
        """List the machines to which nothing is done, for whoever wonders why."""
        dark = [outlook for outlook in outlooks if outlook.unknown]
        if not dark:
            return
        text = ngettext(
            "Of %(count)s machine it is unknown whether it works. It is left alone.",
            "Of %(count)s machines it is unknown whether they work. They are left alone.",
            len(dark),
        )
        self.stdout.write(self.style.WARNING(text % {"count": len(dark)}))
        for outlook in dark:
            names = ", ".join(signal.name for signal in outlook.unknown)
            self.stdout.write(f"  {_name(outlook.facts.machine)}: {names}")


def _name(machine: Machine) -> str:
    return f"{machine.name} ({machine.owner.username})"
