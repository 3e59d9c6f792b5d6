"""Rows of servers and images in the local cloud, kept by the store as JSON."""

from dataclasses import asdict, dataclass, field
from typing import Any

from cloud.contract import Status
from lib.names import host_name

HOST = "local"  # the one computer of this cloud


@dataclass
class ServerRow:
    """A server: what was asked for, what is, and the verb in progress (`goal`), which a restart resumes."""

    id: str
    machine: str
    owner: str
    name: str
    flavor_id: str
    image_id: str
    public_keys: list[str]
    user_data: str
    ports: list[int]
    vnc_password: str
    vcpus: int
    ram_mb: int
    disk_gb: int
    created_at: str
    status: str = Status.BUILDING
    task: str = ""
    goal: str = ""
    number: int = 0  # of the restart or reset in progress
    target: str = ""  # the image that a rebuild or a snapshot in progress names
    address: str = ""
    port_map: dict[int, int] = field(default_factory=dict)
    host: str = HOST  # '' once the host is freed
    fault: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    resets: int = 0
    restarts: int = 0
    host_key: str = ""  # the private half, as OpenSSH's text; '': the guest makes one
    deleted_at: float = 0.0  # seconds since the epoch
    parked: bool = False  # put to sleep by our own end; woken at the next start
    version: int = 0

    @property
    def is_gone(self) -> bool:
        return self.status == Status.DELETED

    @property
    def host_name(self) -> str:
        """Return the name that the guest has inside."""
        return host_name(self.name, otherwise=f"machine-{self.id[:8]}")

    @property
    def is_running(self) -> bool:
        return self.status == Status.ACTIVE

    def outside(self, port: int) -> int:
        """Return the port at `address` behind which the guest's `port` is found."""
        return self.port_map.get(port, port)

    @property
    def outside_ports(self) -> list[int]:
        """Return the guest's ports that need a place at `address`: its own, and its screen's."""
        return sorted({*self.ports, *([5900] if self.vnc_password else [])})

    def as_contract(self) -> dict[str, Any]:
        """Return the fields of contract.Server."""
        whole = asdict(self)
        shown = ("id", "machine", "owner", "name", "status", "task", "address", "port_map", "host", "fault")
        return {key: whole[key] for key in (*shown, "resets", "restarts", "created_at")}


@dataclass
class ImageRow:
    """An image: a base that comes with the kind of guest, or somebody's snapshot."""

    id: str
    name: str
    ready: bool = True
    min_ram_mb: int = 0
    min_disk_gb: int = 0
    size_bytes: int = 0
    login: str = "student"
    can_suspend: bool = True
    base: bool = False
    fault: str = ""  # why a base image could not be built
    archive: bool = False  # keeps one server's disk; not offered to make other servers of

    @property
    def status(self) -> str:
        """Return the word for what an image lacks that is not ready."""
        if self.ready:
            return ""
        return ("failed" if self.fault else "building") if self.base else "saving"

    def as_contract(self, disk_format: str) -> dict[str, Any]:
        """Return the fields of contract.Image."""
        ours = ("base", "archive")
        shown = {k: v for k, v in asdict(self).items() if k not in ours}
        return shown | {"disk_format": disk_format, "status": self.status}
