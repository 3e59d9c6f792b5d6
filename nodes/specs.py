"""Say which computers help: the least that a computer needs (MIN_COMPUTER_RAM_MB, MIN_COMPUTER_NIC_MBIT, 64 bits)."""

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from lib.notes import Note
from nodes.states import Reason

# Processors that only know 32 bits, as people write their names. Later ones of a name may know 64: those who say so are believed.
_OLD = re.compile(
    r"\b(i?[3-6]86|486|pentium[ -]*(pro|m|ii|iii|2|3|4|iv)\b|pentium\s*$|athlon[ -]*xp|duron|athlon(?![ -]*(64|ii|x[2-4]|neo))\b|"
    r"k6|core[ -]*(solo|duo)\b|celeron[ -]*m\b|via[ -]*c[37])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts by which a computer is judged; None: not known. ram_mb in MiB, disk_gb in GB as printed on the disk, nic_mbit in Mbit/s."""

    cpu: str = ""
    bits: int | None = None
    ram_mb: int | None = None
    nic_mbit: int | None = None


def why_not(facts: Facts) -> Reason | None:
    """Return why such a computer cannot help, or None. What is not known is looked at when it is here."""
    bits = facts.bits or (32 if _OLD.search(facts.cpu) else None)
    if bits == 32:
        return Reason.BITS
    if facts.ram_mb is not None and facts.ram_mb < settings.MIN_COMPUTER_RAM_MB:
        return Reason.MEMORY
    if facts.nic_mbit is not None and facts.nic_mbit < settings.MIN_COMPUTER_NIC_MBIT:
        return Reason.NETWORK
    return None


# The least and the most that may be written down of a computer: units as in nodes.models.Computer.
BOUNDS = {
    "ram_mb": (1, 16 * 1024 * 1024),
    "disk_gb": (1, 1_000_000),
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
