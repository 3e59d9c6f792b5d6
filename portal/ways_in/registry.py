"""The kinds of ways in that this site has."""

from collections import defaultdict
from uuid import UUID

from portal.ways_in.ways import Facts, Kind, WayIn

_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Add a kind. Raises ValueError where one of this name is there already."""
    if kind.name in _KINDS:
        raise ValueError(f"There is a way in named {kind.name} already.")
    _KINDS[kind.name] = kind


def service_word(scheme: str) -> str:
    """Return what a service of this scheme is to people, in their language; '' where the scheme says nothing to them."""
    kind = _KINDS.get(scheme)
    return str(kind.service_word) if kind else ""


def load(facts: Facts) -> dict[UUID, list[WayIn]]:
    """Return the ways into each of the machines, in the order in which they are listed."""
    found: dict[UUID, list[WayIn]] = defaultdict(list)
    for kind in _KINDS.values():
        for machine, way in kind.load(facts):
            found[machine].append(way)
    for ways in found.values():
        ways.sort(key=lambda way: way.place)
    return found
