"""People who have an account of the cloud itself: they sign in with its name and password, and get credentials of their own.

These verbs need no credential of the portal. A password is sent once, never again: clouds lock accounts after wrong ones.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Denial(StrEnum):
    """The reason for which the cloud does not let somebody in."""

    WRONG = "wrong"  # no such name, or another password; also a disabled account, where the cloud does not tell
    SECOND_FACTOR = "second_factor"  # the password was right, and is not enough
    EXPIRED = "expired"  # the password must be changed first
    LOCKED = "locked"  # after too many wrong passwords, or by an operator, where the cloud tells


@dataclass(frozen=True, slots=True)
class CloudPerson:
    """A person as the cloud knows them."""

    id: str  # never changes, never reused
    name: str  # as the cloud writes it
    email: str = ""  # as the cloud's operators wrote it down
    full_name: str = ""
    roles: frozenset[str] = frozenset()  # in any of the person's projects, by name


@dataclass(frozen=True, slots=True)
class AppCredential:
    """A credential by which programs act for a person in one project. The secret is told once."""

    id: str
    secret: str = field(repr=False)
    url: str = ""  # where it is shown
    project: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class WhichProject:
    """The person must say in which of their projects; none: they have none in the cloud."""

    names: tuple[str, ...]


class People(Protocol):
    """Each call ends within its own time limit or raises CloudBusy."""

    def sign_in(self, name: str, password: str, domain: str) -> CloudPerson | Denial:
        """Check a name and a password, once. `domain`: where the cloud keeps this person; '' where it has none."""

    def make_credential(
        self, name: str, password: str, domain: str, *, label: str, project: str = "", leftovers: Collection[str] = ()
    ) -> AppCredential | WhichProject | Denial:
        """Make a credential called `label`, new each time, for the person's own programs, in `project` (a name), or in their only one.

        leftovers: labels of tries whose answer never came. What they may have made opens the project, and nobody has its secret: it goes.
        Raises CloudRefused where the cloud has no such credentials, or does not let this person make one.
        """
