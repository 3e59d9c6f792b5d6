"""A key and its owner's machines: in which it is, what was asked for, and what keeps it out."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from accounts.models import SshKey
from machines import installed_keys, key_changes, key_faults
from machines.models import KeyChange, Machine, MachineQuerySet
from portal.presenters.machine_keys import KeyInMachine

MOST = 200  # machines of one person that the page lists


@dataclass(frozen=True, slots=True)
class MachineOfKey:
    """A machine of the key's owner."""

    machine: Machine
    key: KeyInMachine

    @property
    def why_not_now(self) -> str:
        """Say why nothing can be done in it as it is; '' while it runs."""
        fault = key_faults.not_now(self.machine)
        return str(fault.note) if fault else ""


def machines_of(key: SshKey) -> MachineQuerySet:
    """Select the machines of a key's owner that have a disk."""
    mine = Machine.objects.alive().not_in_bin().filter(owner=key.user_id).exclude(server_id="")
    return mine.select_related("template__image").order_by("name", "pk")


class KeyMachines:
    """Machines of the owner of a key (all of them, unless some are named); loaded when they are first asked for."""

    def __init__(self, key: SshKey, machines: Iterable[Machine] | None = None) -> None:
        self.key, self._machines = key, machines

    @cached_property
    def lines(self) -> list[MachineOfKey]:
        """The machines with the state of the key in each. Three queries at most."""
        machines = list(machines_of(self.key)[:MOST] if self._machines is None else self._machines)
        rows = installed_keys.present([m.pk for m in machines]).filter(public_key=self.key.public_key)
        there = {row.machine_id: row for row in rows}
        asked = key_changes.of(machines).filter(public_key=self.key.public_key)
        changes: dict[UUID, KeyChange] = {row.machine_id: row for row in reversed(asked)}
        return [
            MachineOfKey(m, KeyInMachine(self.key.name, self.key, there.get(m.pk), changes.get(m.pk))) for m in machines
        ]

    @property
    def is_waiting(self) -> bool:
        return any(line.key.waits for line in self.lines)

    @property
    def about(self) -> str:
        """Return the machine whose news the page waits for."""
        return next((str(line.machine.pk) for line in self.lines if line.key.waits), "")

    @property
    def open_to_it(self) -> list[Machine]:
        """Return the machines that run and do not have it."""
        return [line.machine for line in self.lines if line.key.can_put and not line.why_not_now]

    @property
    def can_put(self) -> bool:
        return bool(self.open_to_it)
