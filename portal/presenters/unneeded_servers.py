"""A server that no machine needs, as pages and API show it."""

from collections.abc import Iterable
from dataclasses import dataclass

import quotas.backstop
from accounts.models import User
from machines.models import Stray
from machines.reconcile.strays import is_key


@dataclass(frozen=True, slots=True)
class UnneededServer:
    """A row of the last whole list of the cloud, the person whom its tag names, and the one whose project it is in, if they are known here."""

    stray: Stray
    tagged: User | None
    project_owner: User | None

    @property
    def name(self) -> str:
        return self.stray.name or self.stray.server_id

    @property
    def owner(self) -> User | None:
        """Return whose it was: the tag counts in that person's project alone, as in `machines.adoption.owner_of`."""
        return self.tagged if self.tagged == self.project_owner or not self.stray.project else None


def with_owners(strays: Iterable[Stray]) -> list[UnneededServer]:
    """Find all people in two queries."""
    rows = list(strays)
    keys = {row.owner_key for row in rows if is_key(row.owner_key)}
    tagged = {str(person.uuid): person for person in User.objects.filter(uuid__in=keys)} if keys else {}
    projects = quotas.backstop.owners_of(row.project for row in rows)
    return [UnneededServer(row, tagged.get(row.owner_key), projects.get(row.project)) for row in rows]
