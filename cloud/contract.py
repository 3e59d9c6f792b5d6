"""The contract: everything that Minga asks of a cloud. `local.py` and `openstack/` implement it; one suite in tests/cloud runs against both.

Every verb that changes something is `ensure_*`: said twice, done once. It returns when the cloud has *accepted* the
wish; `list_servers` tells when it has come true. Sizes: RAM in MiB, disk in GiB, times in UTC with a zone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Status(StrEnum):
    """Status of a server, in the field's words; every cloud's own words are mapped to these."""

    BUILDING = "building"  # also while it is being rebuilt
    ACTIVE = "active"  # also while it restarts: see `Server.task`
    SUSPENDED = "suspended"  # memory kept, still bound to its host
    STOPPED = "stopped"  # powered off, still bound to its host
    SHELVED = "shelved"  # disk kept as an image, the host is free
    RESCUED = "rescued"  # runs from a rescue image, its own disk beside; ensure_running leads back
    ERROR = "error"
    DELETED = "deleted"  # seen only in a list of changes
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Flavor:
    id: str
    name: str
    vcpus: int
    ram_mb: int
    disk_gb: int  # all that it takes of its host: the root disk, further disks, swap
    root_gb: int | None = None  # of this, the root disk; 0: as big as the image; None: all of it

    @property
    def room_for_image(self) -> int:
        """GiB of its root disk; 0: it is as big as the image."""
        return self.disk_gb if self.root_gb is None else self.root_gb


@dataclass(frozen=True, slots=True)
class Image:
    id: str
    name: str
    ready: bool  # whether a server can be made of it; not while it is uploaded or snapshotted, or switched off
    min_ram_mb: int = 0
    min_disk_gb: int = 0
    size_bytes: int = 0
    login: str = ""  # the user to sign in as over SSH, where the image says so
    can_suspend: bool = True
    disk_format: str = "qcow2"  # of its bytes: qcow2, raw…
    status: str = ""  # the cloud's own word, where it is not ready: queued, saving, deactivated…
    checksum: str = ""  # of its bytes, after its method: sha512:…; '' where the cloud tells none


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits of what an owner may keep in the cloud, asleep or not: the backstop behind our own admission."""

    servers: int
    vcpus: int
    ram_mb: int


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose servers these are. A cloud with tenants keeps one for each `key`."""

    key: str  # never changes, never reused (a UUID as text)
    name: str = ""  # for people who look at the cloud's own pages; may change
    quota: Quota | None = None  # written when their tenant is made; see ensure_quota
    tenant: str = ""  # what ensure_server told last as Server.tenant: spares looking for it; may be out of date


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """A server to be made. `machine` is the only thing by which it is found again."""

    machine: str  # our machine's id (a UUID as text); kept in the server's metadata
    owner: Owner
    name: str
    flavor_id: str
    image_id: str
    public_keys: tuple[str, ...] = ()  # OpenSSH one-line format, put in for the image's user
    user_data: str = ""  # given to the guest as it is (cloud-init or a #! script)
    ports: frozenset[int] = frozenset()  # TCP ports of the guest that the agent must reach
    vnc_password: str = ""  # at most 8 characters; '' leaves the screen off where a cloud has one
    labels: dict[str, str] = field(default_factory=dict, hash=False)  # for people who look at the cloud's own pages
    is_new: bool = False  # never asked for before, so there is nothing to look for: spares a call
    # One whole line of authorized_keys, options first: put in beside public_keys, but never without its options. A cloud that
    # cannot give it to the guest so leaves it out.
    line_key: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """A server as the cloud tells it at one moment."""

    id: str
    machine: str  # '' when it is not ours, or when the cloud has forgotten it (of a deleted one): go by `id` then
    owner: str  # its owner's key; '' when it is not ours
    name: str
    status: Status
    task: str = ""  # what the cloud is doing to it (scheduling, networking, spawning, suspending…); '' when nothing
    address: str = ""  # where the agent reaches it; '' while it has none
    port_map: dict[int, int] = field(
        default_factory=dict, hash=False
    )  # guest's port → port at `address`, where the two differ
    host: str = ""  # the computer of the cluster that carries it
    fault: str = ""  # the cloud's own words, for the log and for admins only
    full: bool = False  # with ERROR: no host had room
    resets: int = 0  # how many resets it has been through: the `number` of the last ensure_rebuilt
    restarts: int = (
        0  # likewise for ensure_restarted and ensure_hard_restarted, which count together; also one that failed
    )
    moves: int = 0  # likewise for ensure_moved; `host` tells whether it moved
    project: str = ""  # the tenant's id, where the cloud has tenants
    tenant: str = ""  # from ensure_server only: the cloud's own note, to be handed back in Owner.tenant
    flavor: Flavor | None = None  # its size; the id may be '' where the cloud does not tell it
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def is_going(self) -> bool:
        """Whether it is being deleted: what the cloud took on it carries out."""
        return self.task in ("deleting", "soft-deleting")


@dataclass(frozen=True, slots=True)
class Listing:
    """The answer of list_servers. `cursor` is the cloud's own time: hand it back as `changes_since`."""

    servers: list[Server]
    cursor: str
    whole: bool  # True: who is not in it does not exist


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """Counters since the guest started; they restart from zero with the guest. None = this cloud cannot tell."""

    cpu_seconds: float | None = None
    disk_read_bytes: int | None = None
    disk_write_bytes: int | None = None
    nic_rx_bytes: int | None = None
    nic_tx_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Host:
    """A computer of the cluster."""

    name: str  # as in Server.host
    up: bool  # it was heard lately
    enabled: bool  # new servers may be put on it
    note: str = ""  # why it is disabled, in the words of whoever did it
    vcpus: int = 0
    vcpus_used: int = 0
    ram_mb: int = 0
    ram_mb_used: int = 0
    disk_gb: int = 0
    disk_gb_used: int = 0
    servers: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """Room of the cluster: total and used, in servers' own units."""

    vcpus: int
    vcpus_used: int
    ram_mb: int
    ram_mb_used: int
    disk_gb: int
    disk_gb_used: int
    biggest_free: dict[str, int] = field(default_factory=dict)  # of the emptiest host: vcpus, ram_mb, disk_gb
    biggest_host: dict[str, int] = field(default_factory=dict)  # the same of the biggest host, were it empty

    def fits(self, flavor: Flavor) -> bool:
        """Whether one more server of this size has room now."""
        free = self.biggest_free or {
            "vcpus": self.vcpus - self.vcpus_used,
            "ram_mb": self.ram_mb - self.ram_mb_used,
            "disk_gb": self.disk_gb - self.disk_gb_used,
        }
        return flavor.vcpus <= free["vcpus"] and flavor.ram_mb <= free["ram_mb"] and flavor.disk_gb <= free["disk_gb"]


class CloudError(Exception):
    """The base of what a cloud may raise. The text is the cloud's own, for the log."""


class CloudBusy(CloudError):
    """Not now: down, overloaded, or in the middle of something. Ask again later."""

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after  # seconds, where the cloud said it


class CloudFull(CloudError):
    """No host has room for this. Wait in the queue."""


class Cause(StrEnum):
    """Why a cloud refused, as far as that leads to different advice."""

    OTHER = ""
    IMAGE_GONE = "image_gone"
    IMAGE_NOT_READY = "image_not_ready"  # not uploaded yet, or switched off
    SIZE_GONE = "size_gone"
    SIZE_TOO_SMALL = "size_too_small"  # the image wants more memory or disk
    FORBIDDEN = "forbidden"  # the portal itself lacks a right


class CloudRefused(CloudError):
    """The cloud will never do this as asked. Give up and tell the person."""

    def __init__(self, text: str, cause: Cause = Cause.OTHER) -> None:
        super().__init__(text)
        self.cause = cause


class CloudLimit(CloudRefused):
    """The cloud's own limit for this owner is reached (see Quota)."""


class CloudGone(CloudError):
    """The server, image or flavor that was named does not exist (any more)."""

    def __init__(self, text: str, cause: Cause = Cause.OTHER) -> None:
        super().__init__(text)
        self.cause = cause


class Cloud(Protocol):
    """Blocking, safe to share between threads; each call ends within its own time limit or raises CloudBusy.

    Any call may raise CloudBusy or CloudRefused. A verb that names a server, image or flavor that is gone raises CloudGone,
    but for ensure_deleted, which is then done.
    """

    @property
    def kind(self) -> str:
        """Return openstack, qemu or simulated."""

    @property
    def identity(self) -> str:
        """Return which cloud this is: the same for ever, and another one's is different. Rows of one mean nothing on the other."""

    def flavors(self) -> list[Flavor]: ...

    def images(self) -> list[Image]:
        """List images, also those that are not ready, but no archives."""

    def room(self) -> Room: ...

    def has_room(self, flavor: Flavor) -> bool:
        """Whether one more server of this size would find a host, by the cloud's own book-keeping. Cheaper than to try."""

    def hosts(self) -> list[Host]:
        """Return the computers of the cluster."""

    def list_servers(self, changes_since: str | None = None) -> Listing:
        """Return all servers of all owners in one go, or those that changed (deleted ones too) since a cursor.

        One that changed some seconds before the cursor may be told again.
        """

    def find_server(self, machine: str) -> Server | None:
        """Return the living server that carries this machine id, the oldest where there are several; not one being deleted."""

    def ensure_server(self, spec: ServerSpec) -> Server:
        """Make it, or find the one made for `spec.machine` (see find_server). CloudFull when no host has room.

        CloudRefused and CloudGone name their cause where the image or the size is the reason.
        """

    def ensure_running(self, server_id: str) -> None:
        """Resume, unshelve, start or unrescue it, whichever it needs. CloudFull when it must find a host and none has room."""

    def ensure_suspended(self, server_id: str) -> None:
        """Save the server's memory to disk and free its processor; CloudRefused where the guest cannot."""

    def ensure_stopped(self, server_id: str) -> None:
        """Power off in good order, from running or from ERROR: memory is lost, the disk and the place on its host stay. Put away is off, too."""

    def ensure_shelved(self, server_id: str) -> None:
        """Save the disk as an image and free the host; from running or suspended."""

    def ensure_restarted(self, server_id: str, number: int) -> None:
        """Reboot a running server for the `number`-th time; done already when `Server.restarts` says so."""

    def ensure_hard_restarted(self, server_id: str, number: int) -> None:
        """Cut the power and switch it on, for the `number`-th restart: from running, off, asleep or ERROR.

        Also while it restarts in good order, which this ends. Memory is lost, the disk stays. Done already as ensure_restarted.
        """

    def ensure_rescued(self, server_id: str) -> None:
        """Start it from a rescue image, from running, off or ERROR; CloudRefused where the cloud has no such thing."""

    def ensure_moved(self, server_id: str, number: int) -> None:
        """Move its disk to another host, for the `number`-th time, from running, off or ERROR (which is switched off first).

        Takes several steps: ask again until `Server.moves` says so. Afterwards it runs or is off as before. Where no other host
        can take it the move ends with the host that it had. CloudRefused where the cloud has one host only.
        """

    def ensure_rebuilt(self, server_id: str, spec: ServerSpec, number: int) -> None:
        """Rebuild the disk as spec.image_id has it, with spec's keys and user-data; same id, same address.

        Done already when `Server.resets` says so.
        """

    def ensure_deleted(self, server_id: str) -> None: ...

    def ensure_renamed(self, server_id: str, name: str) -> str:
        """Rename the server. Return the name that the cloud keeps: it may leave out what it does not take. Likewise Server.name of a new one."""

    def ensure_adopted(self, server_id: str, machine: str, owner: Owner) -> None:
        """Mark a server that exists already as this machine's, and let the agent reach it."""

    def ensure_quota(self, owner: Owner) -> None:
        """Write owner.quota to their tenant, if they have one; a cloud without tenants does nothing."""

    def ensure_rules(self, owner: Owner) -> str:
        """Bring what their tenant lets in and out to what the settings say now. Returns owner.tenant as it is then; '': none."""

    def ensure_owner_gone(self, owner: Owner) -> None:
        """Take away their empty tenant; CloudRefused while anything is in it. No tenant: done."""

    def ensure_ports(self, server_id: str, ports: frozenset[int]) -> None:
        """Let the agent reach exactly these TCP ports of the guest (a cloud that lets the agent reach all does nothing)."""

    def ensure_snapshot(self, server_id: str, name: str) -> Image:
        """Make an image of the server's disk, found again by `name`. Not ready at once: see images()."""

    def ensure_archived(self, server_id: str, name: str) -> Image:
        """Make an image of the server's disk that outlives it, found again by `name`. Ask again until it is `ready`: then the server may go.

        From any rest, running or ERROR (which may be switched off first).
        """

    def ensure_not_archived(self, server_id: str, name: str) -> None:
        """Undo ensure_archived: delete the image. The server, where it still exists, is unaffected. No such image: done."""

    def kept_image(self, server_id: str) -> Image | None:
        """Return the image in which this cloud itself keeps the disk of a server that is put away; never to be deleted by us."""

    def ensure_image_deleted(self, image_id: str) -> None:
        """Delete an image, also an archive; no such image: done."""

    def image_size(self, image_id: str) -> int:
        """Return the image's size in bytes. CloudGone when it does not exist, CloudBusy while it is being made."""

    def read_image(self, image_id: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the image's bytes from `start` on, a chunk at a time, never whole in memory. Errors come with the chunks; ends early in CloudBusy only."""

    def console_log(self, server_id: str, lines: int = 100) -> str: ...

    def console_url(self, server_id: str) -> str:
        """Return a noVNC page or a vnc:// address of its screen, for now; CloudRefused where it has none."""

    def diagnostics(self, server_ids: Sequence[str]) -> dict[str, Diagnostics]:
        """Return the counters of many servers at once; a server that did not answer in time is left out (unknown, not idle)."""
