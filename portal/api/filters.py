"""Read and check the query of an address: numbers, known words, texts."""

from collections.abc import Collection

from django.utils.translation import gettext_noop as _
from rest_framework.request import Request

from lib.notes import Refusal
from lib.whole_numbers import whole_number

LONGEST = 255  # characters of a text


def number(request: Request, name: str, default: int, most: int) -> int:
    """Read a whole number from 1 to `most`. Raises Refusal for anything else."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    found = whole_number(text)
    if found is None or not 1 <= found <= most:
        raise Refusal(
            _("“%(name)s” is a number from 1 to %(most)s."), {"name": name, "most": most}, code="invalid", status=400
        )
    return found


def words(request: Request, name: str, known: Collection[str]) -> list[str]:
    """Read some of the known words, with commas between; [] where nothing is said. Raises Refusal for others."""
    found = [word for text in request.query_params.getlist(name) for word in text.split(",") if word]
    if not set(found) <= set(known):
        raise Refusal(
            _("“%(name)s” is one or more of: %(known)s."),
            {"name": name, "known": ", ".join(known)},
            code="invalid",
            status=400,
        )
    return found


def text(request: Request, name: str) -> str:
    """Read a text; '' where nothing is said. What no row can contain is left out: PostgreSQL takes no NUL."""
    return "".join(c for c in request.query_params.get(name, "")[:LONGEST] if c.isprintable())
