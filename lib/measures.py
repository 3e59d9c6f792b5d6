"""Measures of machines, quotas and hosts: one Size counts and compares them."""

from dataclasses import astuple, dataclass, fields

from django.utils.formats import number_format


@dataclass(frozen=True, slots=True)
class Size:
    """An amount of each measure. RAM in MiB, disks and archives in GiB."""

    machines: int = 0
    vcpus: int = 0
    ram_mb: int = 0
    disk_gb: int = 0
    ports: int = 0
    archives: int = 0
    archive_gb: int = 0

    def fits_in(self, room: "Size") -> bool:
        """Return whether no measure asks for more than `room` has of it."""
        return all(asked <= free for asked, free in zip(astuple(self), astuple(room), strict=True))


MEASURES = tuple(field.name for field in fields(Size))  # in the order in which people ask


MOST_TYPED = 1_000_000  # of a measure, in a form or a call of the API
UNBROKEN = "\u00a0"  # a number and its unit stay on one line


def memory(mib: int) -> str:
    """Write MiB as people read them, in the reader's language: 256 MB, 1 GB, 1.5 GB (1,5 GB in Spanish)."""
    if 0 < mib < 1024:
        return f"{mib}{UNBROKEN}MB"
    gib = round(mib / 1024, 1)
    return f"{number_format(gib, decimal_pos=0 if gib.is_integer() else 1)}{UNBROKEN}GB"


def kilos(grams: int) -> str:
    """Write grams as kilograms, in the reader's language: 8.4 kg."""
    return f"{kilos_alone(grams)}{UNBROKEN}kg"


def kilos_alone(grams: int) -> str:
    """Write grams as a number of kilograms: 8.4."""
    number = f"{grams / 1000:.3f}".rstrip("0").rstrip(".")
    return number_format(number, decimal_pos=len(number.partition(".")[2]))


def amount(value: int, unit: str) -> str:
    """Write a number with its unit ("", "MB" or "GB")."""
    if unit == "MB":
        return memory(value)
    return f"{value}{UNBROKEN}{unit}" if unit else str(value)
