"""manage.py rotate_sign_in_keys: seal the secrets of second steps with the newest key of SIGN_IN_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import second_steps


class Command(BaseCommand):
    help = "Seal the secrets of second steps with the first key of SIGN_IN_KEYS. Afterwards the others may be dropped."

    def handle(self, *args: Any, **options: Any) -> None:
        done, lost = second_steps.rotate()
        self.stdout.write(f"{done} secrets are sealed with the newest key.")
        if lost:
            raise CommandError(
                f"{lost} secrets cannot be opened by any key. Add the key that sealed them and run it again, or end the "
                "second steps of these people: manage.py people end-second-step NAME."
            )
