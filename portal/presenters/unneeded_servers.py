"""A server that no machine needs, as pages and API show it."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import User
from machines.models import Stray
from machines.reconcile.strays import is_key


@dataclass(frozen=True, slots=True)
class UnneededServer:
    """A row of the last whole list of the cloud, and the person whom its tag names, if they are known here."""

    stray: Stray
    owner: User | None

    @property
    def name(self) -> str:
        return self.stray.name or self.stray.server_id


def with_owners(strays: Iterable[Stray]) -> list[UnneededServer]:
    """Find all owners in one query."""
    rows = list(strays)
    keys = {row.owner_key for row in rows if is_key(row.owner_key)}
    owners = {str(person.uuid): person for person in User.objects.filter(uuid__in=keys)} if keys else {}
    return [UnneededServer(row, owners.get(row.owner_key)) for row in rows]
