"""manage.py demo: the old name of `manage.py prepare --demo`, for one version."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "The old name of `prepare --demo`. It will be removed in the next version."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.write("`manage.py demo` is now `manage.py prepare --demo`; this name goes with the next version.")
        call_command("prepare", demo=True, verbosity=options["verbosity"])
