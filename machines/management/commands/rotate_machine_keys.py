"""manage.py rotate_machine_keys: seal the portal's keys of machines with the newest key of MACHINE_KEYS_FILE."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from machines import portal_keys, sealing


class Command(BaseCommand):
    help = "Seal the portal's keys of machines with the first key of MACHINE_KEYS_FILE. Afterwards the others may be dropped."

    def handle(self, *args: Any, **wish: Any) -> None:
        try:
            done, lost = portal_keys.rotate()
        except sealing.NoKeys as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{done} keys are sealed with the newest key.")
        if lost:
            raise CommandError(
                f"{lost} keys cannot be opened by any key of the file. Add the one that sealed them, and run it again."
            )
