"""The computers of the cluster: the sizes of servers that they offer, the room that they have, and what leaves them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from lib.measures import Size


@dataclass(frozen=True, slots=True)
class Flavor:
    """A size in which servers are made."""

    id: str
    name: str
    vcpus: int
    ram_mb: int
    disk_gb: int  # all that a server takes of its host: the root disk, further disks, swap
    root_gb: int | None = None  # the root disk alone; 0: as big as the image; None: all of disk_gb

    @property
    def room_for_image(self) -> int:
        """Return the GiB of the root disk; 0: it is as big as the image."""
        return self.disk_gb if self.root_gb is None else self.root_gb

    @property
    def size(self) -> Size:
        """Return what one server takes of its host."""
        return Size(vcpus=self.vcpus, ram_mb=self.ram_mb, disk_gb=self.disk_gb)


@dataclass(frozen=True, slots=True)
class Host:
    """A computer of the cluster."""

    name: str  # as in Server.host
    up: bool  # heard lately
    enabled: bool  # takes new servers
    note: str = ""  # why it is disabled, in the words of whoever did it
    vcpus: int = 0
    vcpus_used: int = 0
    ram_mb: int = 0
    ram_mb_used: int = 0
    disk_gb: int = 0
    disk_gb_used: int = 0
    servers: int = 0
    heard_at: datetime | None = None  # its last report, by the cloud's clock; None: the cloud does not tell
    fenced: bool = False  # somebody said that it is off, and that nothing of it runs
    weight: float = 1.0  # how gladly the scheduler chooses it: see set_host_weight


@dataclass(frozen=True, slots=True)
class Room:
    """The room of the cluster: total and used, in servers' own units (overcommit is counted in)."""

    vcpus: int
    vcpus_used: int
    ram_mb: int
    ram_mb_used: int
    disk_gb: int
    disk_gb_used: int
    biggest_free: dict[str, int] = field(default_factory=dict)  # free on the emptiest host: vcpus, ram_mb, disk_gb
    biggest_host: dict[str, int] = field(default_factory=dict)  # the biggest host, were it empty: the same three

    @property
    def free(self) -> Size:
        """Return the most that one more server may take: the emptiest host's, or the whole cluster's where hosts cannot be distinguished."""
        if self.biggest_free:
            return Size(**self.biggest_free)
        return Size(
            vcpus=self.vcpus - self.vcpus_used,
            ram_mb=self.ram_mb - self.ram_mb_used,
            disk_gb=self.disk_gb - self.disk_gb_used,
        )

    def fits(self, flavor: Flavor) -> bool:
        """Return whether one more server of this size has room now."""
        return flavor.size.fits_in(self.free)


class Hosts(Protocol):
    """See Cloud for what each call may raise."""

    def flavors(self) -> list[Flavor]:
        """List the sizes of servers."""

    def room(self) -> Room:
        """Return the room of the whole cluster."""

    def has_room(self, flavor: Flavor) -> bool:
        """Return whether one more server of this size would find a host, by the cloud's own book-keeping. Cheaper than to try."""

    def hosts(self) -> list[Host]:
        """List the computers of the cluster."""

    def loads(self) -> dict[str, tuple[float, float, float]]:
        """Return the load of the last 1, 5 and 15 minutes by host, of the hosts that tell. Each is asked, so ask minutes apart."""

    def ensure_moved(self, server_id: str, number: int) -> None:
        """Move the server's disk to another host, for the `number`-th time, from running, off or ERROR (which is switched off first).

        Takes several steps: ask again until `Server.moves` says so. Afterwards the server runs or is off as before. Where no other
        host can take it, the move ends with the host that it had. CloudRefused where the cloud has one host only.
        """

    def ensure_evacuated(self, server_id: str, number: int) -> None:
        """Start a server of a dead host on another one, as its `number`-th move; otherwise as ensure_moved.

        Its disk begins anew from its image, unless the hosts share their storage. CloudRefused while its host is not fenced.
        """

    def set_host_enabled(self, name: str, enabled: bool, reason: str = "") -> None:
        """Let a host take new servers, or none: what it carries goes on. reason: kept as Host.note, at most 255 characters.

        CloudGone where there is no such host.
        """

    def set_host_weight(self, name: str, weight: float) -> None:
        """Say how gladly new servers are put on a host, as a factor of its free room, by which hosts are compared.

        1: as on others. Between 0 and 1: less often. Below 0: last, where others have room, too. What it carries stays there.
        CloudGone where there is no such host.
        """

    def set_host_fenced(self, name: str, fenced: bool) -> None:
        """Say that a host is off, so that nothing of it runs, or take that back. The caller makes sure that it is switched off.

        CloudRefused where the host is up; and back again, while it may still have servers that were evacuated since: its
        service must start first, which removes them. CloudGone where there is no such host.
        """
