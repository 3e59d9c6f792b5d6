"""A person's keys as their page lists them: since when, and in which machines."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from accounts.models import SshKey, User
from machines import installed_keys, key_faults
from machines.models import Machine
from machines.states import State, Wanted


class ListedKey:
    """A key, and its owner's machines in whose present disks it is."""

    is_last = False  # its owner has no other

    def __init__(self, key: SshKey, machines: Iterable[Machine], running: Collection[UUID]) -> None:
        self.key = key
        self.machines = sorted(machines, key=lambda machine: machine.name)
        self.can_put = not {machine.pk for machine in self.machines}.issuperset(running)  # into one at least

    @property
    def pk(self) -> int:
        return self.key.pk

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def file_name(self) -> str:
        return self.key.file_name

    @property
    def fingerprint(self) -> str:
        return self.key.fingerprint

    @property
    def added_at(self) -> datetime:
        return self.key.created_at

    @property
    def running(self) -> list[str]:
        """Return the names of the machines from which it can be taken out now."""
        return [machine.name for machine in self.machines if not key_faults.not_now(machine)]

    @property
    def resting(self) -> list[str]:
        return [machine.name for machine in self.machines if key_faults.not_now(machine)]


def keys_of(person: User) -> list[ListedKey]:
    """Return all keys of a person, the oldest first. Four queries."""
    return _listed(list(person.ssh_keys.all()), person)


def listed(key: SshKey) -> ListedKey:
    [shown] = _listed([key], key.user)
    shown.is_last = key.user.ssh_keys.count() == 1
    return shown


def _listed(keys: list[SshKey], owner: User) -> list[ListedKey]:
    mine = Machine.objects.alive().not_in_bin().filter(owner=owner)
    rows = installed_keys.present(mine.values_list("pk", flat=True)).filter(key__in=keys)
    there: dict[int | None, list[Machine]] = defaultdict(list)
    for row in rows.select_related("machine__template__image"):
        there[row.key_id].append(row.machine)
    awake = mine.exclude(server_id="").filter(state=State.RUNNING, wanted=Wanted.RUNNING, held_at=None)
    running = set(awake.values_list("pk", flat=True))
    return [ListedKey(key, there[key.pk], running) for key in keys]
