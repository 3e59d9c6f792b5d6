"""Say what may be written down of a computer: the least and the most of each fact, in the units of nodes.models.Computer."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from lib.notes import Note

BOUNDS = {
    "ram_mb": (1, 16 * 1024 * 1024),
    "disk_gb": (0, 1_000_000),  # 0: it has none
    "nic_mbit": (1, 1_000_000),
    "year": (1980, 9999),
    "grams": (100, 500_000),
}
WORDS = {"kind": 10, "model": 100, "cpu": 100}  # how long each may be
BITS = (32, 64)


def bounds_of(field: str) -> tuple[int, int]:
    """Return the least and the most of a fact today: no computer is from a year to come."""
    least, most = BOUNDS[field]
    return least, min(most, timezone.localdate().year) if field == "year" else most


def why_impossible(field: str, value: Any) -> Note | None:
    """Return why no computer is so, or None. Raises LookupError for what is no fact about a computer."""
    if field in WORDS:
        text = _("At most %(most)s characters.")
        return Note(text, {"most": WORDS[field]}) if len(value) > WORDS[field] else None
    if field == "bits":
        return Note(_("A processor has 32 or 64 bits.")) if value not in (None, *BITS) else None
    least, most = bounds_of(field)
    if value is None or least <= value <= most:
        return None
    return Note(_("From %(least)s to %(most)s."), {"least": least, "most": most})
