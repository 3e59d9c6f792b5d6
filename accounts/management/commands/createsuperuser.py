"""manage.py createsuperuser: Django's command. A sign-up that nobody has confirmed gives its name or address up, as on the site."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.core.management.base import CommandError
from django.db import IntegrityError

from accounts import sign_up
from accounts.models import User


class Command(createsuperuser.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            super().handle(*args, **options)
        except IntegrityError:  # somebody took the name while the password was typed
            raise CommandError("The name has just been taken. Nobody was created: choose another one.") from None

    def _validate_username(self, username: str | None, *facts: Any) -> str | None:
        """Return what is wrong with a name. A pending sign-up that has it is no obstacle: it ends when the administrator is created."""
        if username and sign_up.pending().filter(username__iexact=User.normalize_username(username)).exists():
            return None
        wrong: str | None = super()._validate_username(username, *facts)  # type: ignore[misc]
        return wrong
