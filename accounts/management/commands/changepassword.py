"""manage.py changepassword: as Django's, but only the password is written, however long it is typed, and the person's tokens end."""

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from accounts import new_passwords, proofs
from accounts.audit.trail import Thing, record
from accounts.models import User

TRIES = 3


class Command(changepassword.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--keep-tokens", action="store_true", help="the person's programs stay signed in")

    def handle(self, *args: Any, **options: Any) -> str:
        try:
            person = User.objects.get_by_natural_key(options["username"] or getpass.getuser())
        except User.DoesNotExist as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Changing password for user '{person}'")
        password = self._typed(person)
        try:
            ended = new_passwords.change(person=person, password=password, end_tokens=not options["keep_tokens"])
        except proofs.ChangedMeanwhile:
            raise CommandError("The account was changed meanwhile. The password is as it was: begin again.") from None
        record(by=None, verb="set_password", whom=person, thing=Thing("person", person.pk))
        sentence = f"Password changed successfully for user '{person}'"
        return sentence if options["keep_tokens"] else f"{sentence}. Tokens ended: {ended}."

    def _typed(self, person: User) -> str:
        """Ask until the same good password is typed twice. Raises CommandError after TRIES."""
        for _try in range(TRIES):
            password = getpass.getpass(prompt="Password: ")
            if password != getpass.getpass(prompt="Password (again): "):
                self.stdout.write("Passwords do not match. Please try again.")
                continue
            try:
                validate_password(password, person)
                return password
            except ValidationError as error:
                self.stderr.write("\n".join(error.messages))
        raise CommandError(f"Aborting password change for user '{person}' after {TRIES} attempts")
