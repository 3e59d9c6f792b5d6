"""manage.py rename_user: another name to sign in with."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction

from accounts import sign_up
from accounts.audit.trail import Thing, record
from accounts.models import User


class Command(BaseCommand):
    help = "Give somebody another name to sign in with: manage.py rename_user Student student.b"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("old", help="exactly as it is, with its capital letters")
        parser.add_argument("new")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["old"]).first()
        if user is None:
            raise CommandError(f"There is nobody called {options['old']!r}.")
        new = User.normalize_username(options["new"])
        others = User.objects.filter(username__iexact=new).exclude(pk=user.pk)
        try:
            User._meta.get_field("username").clean(new, user)
            with transaction.atomic():
                sign_up.end(sign_up.pending().filter(pk__in=others).values_list("pk", flat=True))
                if others.exists():
                    raise IntegrityError
                User.objects.filter(pk=user.pk).update(username=new)
                record(by=None, verb="rename_person", whom=user, thing=Thing("person", user.pk))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except IntegrityError:
            raise CommandError(f"{new!r} is taken. Capital letters make no difference.") from None
        self.stdout.write(f"{options['old']} is called {new} now. Tell them: they sign in with the new name.")
