"""Read amounts as people write them: "4 GB", "1 TB", "12,5 kg", "1 Gbit/s", "2012-05". Pure: what is possible of a fact, nodes.fact_bounds says.

Each reader takes a text that is not empty and returns a whole number in the unit of nodes.models.Computer, or None where it cannot read it.
"""

import re
from collections.abc import Callable
from decimal import Decimal

_AMOUNT = re.compile(r"(\d{1,9})(?:[.,](\d{1,3}))?\s*([a-zµ/. ]*)", re.IGNORECASE | re.ASCII)
_THOUSANDS = re.compile(r"\b(\d{1,3})[.,](\d{3})(?!\d)", re.ASCII)  # 4,096 MB, 1.000 GB
_BESIDE = re.compile(r"\b(?:ram|ddr[1-5]?l?|hdd|ssd|sata|nvme)\b", re.IGNORECASE)  # 4 GB DDR3, 500 GB HDD
_SPEEDS = re.compile(r"(\d{1,6}(?:/\d{1,6})+)\s*(?:mbits?(?:/s)?|mb(?:/s|ps)|base-?tx?)?", re.ASCII)  # 10/100/1000
_YEAR = re.compile(r"\b(19[89]\d|20\d\d)\b")
_BITS = {
    64: ("64", "64bit", "64bits", "x8664", "x64", "amd64", "64b"),
    32: ("32", "32bit", "32bits", "i386", "i486", "i586", "i686", "x86", "ia32", "32b"),
}
_MEMORY = {"gb": 1024, "g": 1024, "gib": 1024, "mb": 1, "m": 1, "mib": 1, "tb": 1024 * 1024, "tib": 1024 * 1024}
_DISK = {"gb": 1, "g": 1, "gib": 1, "tb": 1000, "t": 1000, "tib": 1000}
_MBIT = dict.fromkeys(("mbit/s", "mbits/s", "mbps", "mb/s", "mbit", "m"), 1)
_SPEED = _MBIT | dict.fromkeys(("gbit/s", "gbits/s", "gbps", "gb/s", "gbit", "gb", "g"), 1000)
_SPEED_WORDS = {"gigabit": 1000, "gigabit ethernet": 1000, "fast ethernet": 100, "ethernet": None}
_WEIGHT = {"kg": 1000, "kgs": 1000, "kilos": 1000, "g": 1, "gr": 1}
MOST_BARE_GB = 256  # of memory without a unit: below it are GB, from it on MB
MOST_BARE_KG = 100  # of a weight without a unit: below it are kg, from it on grams


def memory(text: str) -> int | None:
    """Return MiB: 4096 for "4 GB", "4 GB DDR3", "4096" and "4"."""
    return _read(_BESIDE.sub("", text), _MEMORY, lambda number: 1024 if number < MOST_BARE_GB else 1)


def disk(text: str) -> int | None:
    """Return GB as printed on the disk: 1000 for "1 TB"; 0 for "no" and "none"."""
    if text.strip().lower() in ("no", "none", "ninguno", "sin disco", "-"):
        return 0
    return _read(_BESIDE.sub("", text), _DISK, lambda number: 1)


def speed(text: str) -> int | None:
    """Return Mbit/s: 1000 for "1 Gbit/s", "10/100/1000" and "10/100/1000 Mbps"."""
    bare = text.strip().lower()
    if bare in _SPEED_WORDS:
        return _SPEED_WORDS[bare]
    if several := _SPEEDS.fullmatch(bare):
        return max(int(each) for each in several[1].split("/"))
    return _read(text, _SPEED, lambda number: 1)


def weight(text: str) -> int | None:
    """Return grams: 12500 for "12,5 kg", "12.5" and "12500 g"."""
    return _number(text, _WEIGHT, lambda number: 1000 if number < MOST_BARE_KG else 1)


def year(text: str) -> int | None:
    """Return the year in a text: of "2012-05-01" and "05/2012"."""
    found = _YEAR.findall(text)
    return int(found[0]) if len(found) == 1 and len(text) <= 20 else None


def bits(text: str) -> int | None:
    """Return 32 or 64: of "64-bit", "x86_64", "i386"."""
    bare = re.sub(r"[\s_-]", "", text.lower())
    return next((number for number, names in _BITS.items() if bare in names), None)


def _read(text: str, units: dict[str, int], bare: Callable[[Decimal], int]) -> int | None:
    """Read an amount of which nobody writes three decimals: 4,096 is a number of four digits."""
    return _number(_THOUSANDS.sub(r"\1\2", text), units, bare)


def _number(text: str, units: dict[str, int], bare: Callable[[Decimal], int]) -> int | None:
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        return None
    number = Decimal(f"{match[1]}.{match[2] or 0}")
    unit = match[3].strip().rstrip(".").lower()
    if unit and unit not in units:
        return None
    return round(number * (units[unit] if unit else bare(number)))


READERS: dict[str, Callable[[str], int | None]] = {
    "ram_mb": memory, "disk_gb": disk, "nic_mbit": speed, "grams": weight, "year": year, "bits": bits,
}  # fmt: skip
