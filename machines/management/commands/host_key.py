"""manage.py host_key: show the SSH host key by which the portal knows a machine, or accept another one that the machine showed."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from lib.ed25519 import fingerprint
from machines import host_keys
from machines.models import Machine


class Command(BaseCommand):
    help = "Show the SSH host key by which the portal knows a machine. --accept: take the one that was refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("machine", type=UUID, help="the machine's id, as in the address of its page")
        parser.add_argument(
            "--accept", metavar="SHA256:…", help="the fingerprint of the key that was refused, as its history says it"
        )

    def handle(self, *args: Any, **wish: Any) -> None:
        machine = Machine.objects.filter(pk=wish["machine"]).first()
        if machine is None:
            raise CommandError("There is no such machine.")
        if wish["accept"]:
            self._accept(machine, wish["accept"])
        self._show(machine)

    def _accept(self, machine: Machine, shown: str) -> None:
        if not host_keys.accept(machine, shown):
            raise CommandError("No such key was refused there. Without --accept this command shows the one that was.")

    def _show(self, machine: Machine) -> None:
        row = host_keys.known([machine.pk]).get(machine.pk)
        if row is None:
            return self.stdout.write("Not known yet: it will be pinned when the portal first connects.")
        self.stdout.write(
            f"{fingerprint(row.key)} ({'put in by the portal' if row.given else 'pinned'} at {row.known_at:%Y-%m-%d %H:%M} UTC)"
        )
        if row.refused_key:
            self.stdout.write(f"{fingerprint(row.refused_key)} was shown since, and refused.")
