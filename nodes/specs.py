"""Say which computers help: the least that a computer needs (MIN_COMPUTER_RAM_MB, MIN_COMPUTER_NIC_MBIT, 64 bits)."""

import re
from dataclasses import dataclass

from django.conf import settings

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
