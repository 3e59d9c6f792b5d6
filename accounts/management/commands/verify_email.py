"""manage.py verify_email: somebody's address is taken as proven."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import emails
from accounts.audit.trail import Thing, record
from accounts.models import User


class Command(BaseCommand):
    help = "Take somebody's e-mail address as proven: manage.py verify_email ana ana@example.org"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("email", nargs="?", help="a new address; without it, the one that the account has")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = User.objects.get_by_natural_key(options["username"])
        except User.DoesNotExist as error:
            raise CommandError(str(error)) from None
        if user.removed_at:
            raise CommandError(f"{user.username} was removed: no mail goes there any more.")
        user.email = options["email"] or user.email
        if not emails.trust(user):
            raise CommandError(f"{user.email!r} is no address, or somebody else has proven it.")
        user.save(update_fields=["email"])
        record(by=None, verb="verify_email", whom=user, thing=Thing("person", user.pk))
        self.stdout.write(f"Mails to {user.username} go to {user.email}.")
