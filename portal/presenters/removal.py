"""A removal in numbers: what goes with a person."""

from dataclasses import dataclass

from django.utils import timezone

from accounts import tokens
from accounts.models import User
from machines.models import Machine


@dataclass(frozen=True, slots=True)
class Removal:
    """Counts of what a person has."""

    machines: int  # that go to the recycle bin
    binned: int  # that are there already
    keys: int
    tokens: int

    @property
    def must_be_typed(self) -> bool:
        """Say whether the username is to be typed: somebody's work goes."""
        return bool(self.machines or self.binned)


def removal_of(person: User) -> Removal:
    """Count it. Four queries."""
    theirs = Machine.objects.alive().filter(owner=person)
    return Removal(
        machines=theirs.filter(binned_at=None).count(),
        binned=theirs.filter(binned_at__isnull=False).count(),
        keys=person.ssh_keys.count(),
        tokens=tokens.of(person).exclude(expiry__lt=timezone.now()).count(),
    )
