"""The door to terminals: who comes, whether they may have a terminal in this machine, and in which language they read."""

import re
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from portal.live import dial_door, ticket_entry
from portal.live.entry import Entry, Refused, language_of
from portal.live.terminals.frames import MOST_CELLS
from portal.live_addresses import MACHINE_ID, SESSION, terminal_purpose

PREFIX = "/live/terminal/"
_ADDRESS = re.compile(f"{PREFIX}{MACHINE_ID}/({SESSION})")
USUAL = 80, 24  # columns, rows


def address(scope: Any) -> tuple[UUID, str]:
    """Return the machine and the name of the terminal. Raises Refused."""
    found = _ADDRESS.fullmatch(scope["path"])
    if found is None:
        raise Refused(404, "path")
    return UUID(found[1]), found[2]


def enter(scope: Any, machine: UUID) -> tuple[Entry, str]:
    """Return who comes, and their language. Asks the database. Raises Refused, access.Forbidden."""
    entry = ticket_entry.enter(scope, terminal_purpose(machine))
    dial_door.theirs(entry, machine)
    return entry.kept(), language_of(entry, scope)


def size(scope: Any) -> tuple[int, int]:
    """Return columns and rows as the address has them; the usual ones where it has none that make sense."""
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    cols, rows = (_whole(asked, name) for name in ("cols", "rows"))
    return (cols, rows) if 1 <= cols <= MOST_CELLS and 1 <= rows <= MOST_CELLS else USUAL


def seen(scope: Any) -> tuple[str, int]:
    """Return the life of the terminal that the viewer saw before, and how many bytes of it."""
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    return asked.get("life", [""])[0], _whole(asked, "seen")


def _whole(asked: dict[str, list[str]], name: str) -> int:
    text = asked.get(name, [""])[0]
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else -1
