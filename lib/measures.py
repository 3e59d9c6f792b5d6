"""Measures of machines, quotas and hosts: one Size counts and compares them."""

from dataclasses import astuple, dataclass, fields


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
