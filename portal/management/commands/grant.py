"""manage.py grant: give one person more room."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import User
from lib.measures import MEASURES, Size
from lib.notes import Refusal
from portal.management.output import beginning_of
from quotas.actions import give


class Command(BaseCommand):
    help = "Give one person more room, on top of what their role has: manage.py grant ana --machines 1 --ram-mb 2048 --days 90"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        for measure in MEASURES:
            parser.add_argument(f"--{measure.replace('_', '-')}", type=_amount, default=0, metavar="N")
        parser.add_argument("--from", type=beginning_of, dest="starts_at", metavar="2027-03-01", help="without it, now")
        parser.add_argument("--days", type=int, help="ends so many days after its beginning; without it, it stays")
        parser.add_argument("--reason", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is nobody called {options['username']!r}.")
        begins = options["starts_at"] or timezone.now()
        ends_at = begins + timedelta(days=options["days"]) if options["days"] is not None else None
        try:
            give(
                user=user,
                size=Size(**{m: options[m] for m in MEASURES}),
                by=None,
                reason=options["reason"],
                starts_at=options["starts_at"],
                ends_at=ends_at,
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{user.username} has more room{' from then on' if options['starts_at'] else ' now'}.")


def _amount(text: str) -> int:
    if not text.isdigit() or int(text) > 2**31 - 1:
        raise ValueError
    return int(text)
