"""Small parts of what is shown of a machine."""

from dataclasses import dataclass

from machines.models import Machine


@dataclass(frozen=True, slots=True)
class FirstBoot:
    """Progress of a machine's first boot, with a line of its console."""

    state: str
    line: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal of the cloud that nobody has put away yet."""

    what: str
    note: str

    @classmethod
    def by(cls, machine: Machine) -> "Refused | None":
        return cls(machine.refused, str(machine.refusal)) if machine.refused else None
