"""Frames of a terminal's websocket: binary ones are bytes, text ones JSON. See docs/api.md."""

import json
from dataclasses import dataclass
from typing import Any

LONGEST = 200  # characters of a text frame
MOST_CELLS = 1000  # columns, and rows: twice the widest screen
PONG = '{"type":"pong"}'


class BadFrame(Exception):
    """A viewer sent no frame of ours. The text says what would be one."""


@dataclass(frozen=True, slots=True)
class Resize:
    """The size of the viewer's terminal, in characters."""

    cols: int
    rows: int


@dataclass(frozen=True, slots=True)
class Ack:
    """The viewer has shown so many more bytes."""

    bytes: int


@dataclass(frozen=True, slots=True)
class Close:
    """The viewer closes the terminal for good: its shell ends."""


@dataclass(frozen=True, slots=True)
class Ping:
    """The viewer asks whether anybody is there."""


Frame = Resize | Ack | Close | Ping


def read(text: str) -> Frame:
    """Read a text frame. Raises BadFrame."""
    facts = _facts(text)
    match facts.get("type"):
        case "resize":
            return Resize(_whole(facts, "cols", 1, MOST_CELLS), _whole(facts, "rows", 1, MOST_CELLS))
        case "ack":
            return Ack(_whole(facts, "bytes", 1, 2**40))
        case "close":
            return Close()
        case "ping":
            return Ping()
    raise BadFrame('The type of a frame is "resize", "ack", "ping" or "close".')


def is_ping(frame: str | bytes) -> bool:
    """Say whether a frame asks if anybody is there, where nothing else is expected."""
    try:
        return isinstance(frame, str) and isinstance(read(frame), Ping)
    except BadFrame:
        return False


def _facts(text: str) -> dict[str, Any]:
    if len(text) > LONGEST:
        raise BadFrame(f"A text frame has at most {LONGEST} characters. Send what is typed as binary frames.")
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame("A text frame is JSON.") from None
    if not isinstance(facts, dict):
        raise BadFrame("A text frame is a JSON object.")
    return facts


def _whole(facts: dict[str, Any], name: str, least: int, most: int) -> int:
    found = facts.get(name)
    if type(found) is not int or not least <= found <= most:  # True is an int, too
        raise BadFrame(f'"{name}" is a whole number from {least} to {most}.')
    return found
