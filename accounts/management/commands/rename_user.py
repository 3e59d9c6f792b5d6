"""manage.py rename_user: another name to sign in with."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction

from accounts import sign_up
from accounts.audit.trail import Thing, record
from accounts.models import User
from accounts.person_names import BadPerson, clean_username


class Command(BaseCommand):
    help = "Give somebody another name to sign in with: manage.py rename_user Student student.b"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("old", help="exactly as it is, with its capital letters")
        parser.add_argument("new")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["old"]).first()
        if user is None:
            raise CommandError(f"There is nobody called {options['old']!r}.")
        try:
            new = clean_username(options["new"])
        except BadPerson as refusal:
            raise CommandError(str(refusal)) from None
        others = User.objects.filter(username__iexact=new).exclude(pk=user.pk)
        try:
            with transaction.atomic():
                sign_up.end(sign_up.pending().filter(pk__in=others).values_list("pk", flat=True))
                if others.exists():
                    raise IntegrityError
                User.objects.filter(pk=user.pk).update(username=new)
                record(by=None, verb="rename_person", whom=user, thing=Thing("person", user.pk))
        except IntegrityError:
            raise CommandError(f"{new!r} is taken. Capital letters make no difference.") from None
        self.stdout.write(f"{options['old']} is called {new} now. Tell them: they sign in with the new name.")
