"""manage.py changepassword: Django's, which ends the person's tokens besides."""

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.core.management.base import CommandParser

from accounts import tokens
from accounts.models import User


class Command(changepassword.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--keep-tokens", action="store_true", help="the person's programs stay signed in")

    def handle(self, *args: Any, **options: Any) -> str:
        sentence = super().handle(*args, **options) or ""
        if options["keep_tokens"]:
            return sentence
        name = options["username"] or getpass.getuser()
        ended = tokens.end_all(User.objects.get_by_natural_key(name))
        return f"{sentence}. Tokens ended: {ended}."
