"""A person's machines have different names: small and capital letters, and marks that look alike, count as the same."""

from typing import Any

from django.utils.translation import gettext_noop as _

from lib.names import BadName, clean_name, name_key
from lib.notes import Refusal
from machines.models import Machine
from machines.states import Wanted

LONGEST = 60


class NameTaken(Refusal):
    """The person has a machine of this name."""

    code = "name_taken"


REFUSALS = (BadName.code, NameTaken.code)  # those that belong at the field of the name


def columns(name: str) -> dict[str, Any]:
    """Return the two columns of a name, which belong together."""
    return {"name": name, "name_key": name_key(name)}


def taken(owner_id: int, *, but: Machine | None = None) -> set[str]:
    """Return the keys of the names of this person's machines, the recycle bin included.

    The stored ones too: one that the version before renamed during an upgrade has the key of its old name, which the database holds.
    """
    rows = Machine.objects.filter(owner=owner_id).exclude(wanted=Wanted.GONE)
    rows = rows.exclude(pk=but.pk) if but else rows
    named = list(rows.values_list("name", "name_key"))
    return {name_key(name) for name, _key in named} | {key for _name, key in named if key}


def for_new(owner_id: int, typed: str, *, otherwise: str) -> str:
    """Return the name of a new machine: as typed, else `otherwise`, numbered where it is taken. Raises BadName, NameTaken.

    The owner's Allowance is locked.
    """
    if not typed.strip():
        return free(owner_id, clean_name(otherwise))
    name = clean_name(typed)
    require_free(owner_id, name)
    return name


def require_free(owner_id: int, name: str, *, but: Machine | None = None) -> None:
    """Raise NameTaken. The owner's Allowance is locked."""
    if name_key(name) in taken(owner_id, but=but):
        raise NameTaken(_("You have a machine called “%(name)s” already. Choose another name."), {"name": name})


def free(owner_id: int, name: str, *, but: Machine | None = None) -> str:
    """Return the name, or the first of name-2, name-3 … that no other machine of this person has."""
    keys = taken(owner_id, but=but)
    tries = (_numbered(name, number) for number in range(1, len(keys) + 2))
    return next(one for one in tries if name_key(one) not in keys)


def _numbered(name: str, number: int) -> str:
    suffix = f"-{number}"
    return name if number == 1 else name[: LONGEST - len(suffix)] + suffix
