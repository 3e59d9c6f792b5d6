"""Say which computers help: the least that a computer needs (MIN_COMPUTER_RAM_MB, MIN_COMPUTER_NIC_MBIT, 64 bits)."""

import re
from dataclasses import dataclass

from django.conf import settings

from nodes.states import Reason

# Marks that programs write between the words of a name: Intel(R) Pentium(R) 4 CPU.
_MARKS = re.compile(r"\((?:r|tm|c)\)|[®™©]|\b(?:intel|amd|genuine|mobile|cpu|processor)\b|[\s_-]+", re.IGNORECASE)
# Processors that know 32 bits only, as people and programs write their names, with single blanks. A name that also stands on
# processors of 64 bits (Celeron, Sempron, Athlon, Xeon alone) is not here: such a computer is looked at when it has come.
_OLD = re.compile(
    r"\b(?:"
    r"(?:i|80)?[3-5]86(?:[ds]x[24]?)?"
    r"|pentium (?:[1-9]\d{1,2} ?mhz|mmx|pro|ii|iii|[23m]|(?:4|iv)(?! ?m?(?: ht)? ?(?:5\d1|6\d\d)\b))"
    r"|p(?:ii|iii|iv|[234])"
    r"|core (?:solo|duo)|[tlu]2[0-7][05]0e?|t2[01][68]0|t2130"
    r"|celeron (?:m(?! ?5\d\d)|[1-9]\d{2,3} ?mhz)"
    r"|athlon (?:xp|mp|4|thunderbird|[1-9]\d{2,3} ?mhz)|duron|k[67](?: [23])?"
    r"|atom (?:n2[78]0|z5\d\d)"
    r"|via c[37]|geode|crusoe|efficeon|cyrix|winchip"
    r")\b",
    re.IGNORECASE,
)


REASONS = frozenset({Reason.BITS, Reason.MEMORY, Reason.NETWORK})  # which the facts of a computer give


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts by which a computer is judged; None: not known. ram_mb in MiB, disk_gb in GB as printed on the disk, nic_mbit in Mbit/s."""

    cpu: str = ""
    bits: int | None = None
    ram_mb: int | None = None
    nic_mbit: int | None = None


def why_not(facts: Facts) -> Reason | None:
    """Return why such a computer cannot help, the first reason of several, or None. What is not known is looked at when it is here."""
    return next(iter(all_why_not(facts)), None)


def all_why_not(facts: Facts) -> list[Reason]:
    """Return each reason why such a computer cannot help."""
    bits = facts.bits or (32 if knows_32_bits_only(facts.cpu) else None)
    found = {
        Reason.BITS: bits == 32,
        Reason.MEMORY: facts.ram_mb is not None and facts.ram_mb < settings.MIN_COMPUTER_RAM_MB,
        Reason.NETWORK: facts.nic_mbit is not None and facts.nic_mbit < settings.MIN_COMPUTER_NIC_MBIT,
    }
    return [reason for reason, speaks_against in found.items() if speaks_against]


def knows_32_bits_only(cpu: str) -> bool:
    """Say whether a processor of this name surely knows no 64 bits. Whoever says that theirs does is believed: see why_not."""
    return _OLD.search(" ".join(_MARKS.sub(" ", cpu).split())) is not None
