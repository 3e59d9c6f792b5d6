"""manage.py announce: tell everybody something, also while the site is down. `manage.py announce "Maintenance" --until 2h --pause-launches`."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.announcements import writing
from accounts.models import Announcement
from lib.notes import Refusal

_SPAN = re.compile(r"(\d{1,5})(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Command(BaseCommand):
    help = 'Announce something on every page: manage.py announce "The cluster is mended" --es "Reparamos el clúster" --until 2h'

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text", nargs="?", default="", help="in English; without --es everybody reads this one")
        parser.add_argument("--es", default="", help="in Spanish")
        parser.add_argument("--until", help="30m, 2h, 3d from now, or a time: 2027-03-01T18:30, in the site's zone")
        parser.add_argument("--audience", choices=Announcement.Audience.values, default="everyone")
        parser.add_argument(
            "--pause-launches", action="store_true", help="nobody but administrators launches meanwhile"
        )
        parser.add_argument("--end", type=int, metavar="ID", help="end this announcement now")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._do(options)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None

    def _do(self, options: dict[str, Any]) -> None:
        if options["end"] is not None:
            self._end(options["end"])
        elif options["text"] or options["es"]:
            row = writing.announce(
                text_en=options["text"],
                text_es=options["es"],
                audience=options["audience"],
                ends_at=_time(options["until"] or ""),
                pauses_launches=options["pause_launches"],
                by=None,
            )
            self.stdout.write(f"Announced as {row.pk}, until {timezone.localtime(row.ends_at):%Y-%m-%d %H:%M %Z}.")
        else:
            self._list()

    def _end(self, pk: int) -> None:
        row = Announcement.objects.filter(pk=pk).first()
        if row is None:
            raise CommandError(f"There is no announcement {pk}. Without arguments this command lists them.")
        writing.end(announcement=row, by=None)
        self.stdout.write(f"Ended: {pk}.")

    def _list(self) -> None:
        now = timezone.now()
        rows = [*Announcement.objects.running(now), *Announcement.objects.to_come(now)]
        for row in rows:
            times = f"{timezone.localtime(row.starts_at):%Y-%m-%d %H:%M} to {timezone.localtime(row.ends_at):%Y-%m-%d %H:%M %Z}"
            pause = ", pauses launches" if row.pauses_launches else ""
            self.stdout.write(f"{row.pk}: {times}, {row.audience}{pause}: {row.text_en or row.text_es}")
        if not rows:
            self.stdout.write("Nothing is announced. Say a text, and --until when.")


def _time(typed: str) -> datetime:
    """Read a span from now or a time. Raises CommandError."""
    if span := _SPAN.fullmatch(typed):
        return timezone.now() + timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        found = parse_datetime(typed)
    except ValueError:
        found = None
    if found is None:
        raise CommandError("--until is 30m, 2h, 3d or a time as 2027-03-01T18:30.")
    return found if timezone.is_aware(found) else timezone.make_aware(found)
