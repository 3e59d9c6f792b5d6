"""Print answers: as a table for people, as JSON for programs."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any

STEERS = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control and format characters, halves of a pair, line separators


def printable(text: str) -> str:
    """Return the text without control characters: what others wrote must not steer this terminal."""
    return "".join(" " if _steers(sign) else sign for sign in text)


def as_json(data: Any) -> None:
    """Print an answer, a list of them, or a plain value. Control characters are escaped, also those that JSON lets stand."""
    text = json.dumps(data, default=_plain, ensure_ascii=False, indent=2)
    print("".join(json.dumps(sign)[1:-1] if sign != "\n" and _steers(sign) else sign for sign in text))


def _steers(sign: str) -> bool:
    return not sign.isprintable() and unicodedata.category(sign) in STEERS


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print columns below their names. The last one is as long as it is."""
    lines = [tuple(head), *(tuple(printable(cell) for cell in row) for row in rows)]
    widths = [max(_width(line[n]) for line in lines) for n in range(len(head))]
    for line in lines:
        cells = [cell + " " * (wide - _width(cell)) for cell, wide in zip(line, widths, strict=True)]
        print("  ".join(cells).rstrip())


def _width(text: str) -> int:
    return sum(
        2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text if not unicodedata.combining(char)
    )


def say(text: str) -> None:
    """Print a line for a person."""
    print(printable(text))


def remark(text: str) -> None:
    """Print a line beside the answer, on stderr, so that a pipe gets the answer alone."""
    print(printable(text), file=sys.stderr)
