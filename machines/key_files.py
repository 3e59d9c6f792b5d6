"""Files of private keys: which of those that a person had made here open a machine."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import SshKey, User
from lib.compiled_queries import Given, compiled
from machines.models import Machine


def files_of(machines: Collection[Machine], person: User) -> dict[UUID, Sequence[str]]:
    """Return the names of the person's files in ~/.ssh that open each of their machines, the newest first. One query at most.

    The machines are read by MachineQuerySet.with_keys. One that has no disk yet gets all the keys that its owner has.
    """
    mine = [m for m in machines if m.owner_id == person.pk]
    names = [] if all(m.server_id for m in mine) else _made_here(person=person.pk)
    return {m.pk: m.key_files if m.server_id else names for m in mine}


@compiled
def _made_here(person: Given) -> QuerySet[SshKey, Any]:
    rows = SshKey.objects.filter(user=person).exclude(file_name="").order_by("-created_at", "-pk")
    return rows.values_list("file_name", flat=True)
