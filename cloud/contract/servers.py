"""Servers: how one is asked for, what the cloud says of it, and every verb of its life."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cloud.contract.consoles import Consoles
from cloud.contract.hosts import Flavor
from cloud.contract.identity import Owner

CLOUD_CONFIG = "#cloud-config"  # the first line of user-data that only cloud-init reads


class Status(StrEnum):
    """The status of a server, in the field's words; every cloud's own words are mapped to these."""

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
class ServerSpec:
    """A server to be made. It is found again by `machine`, in the tenant of `owner`."""

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
    is_new: bool = False  # never asked for before, so there is nothing to look for: saves a call
    # One whole line of authorized_keys, options first: put in beside public_keys, but never without its options. A cloud that
    # cannot keep the options leaves the line out.
    line_key: str = ""
    # One line of authorized_keys without options: the portal's own for this machine, put in beside public_keys, also where there are none.
    portal_key: str = ""
    login: str = ""  # as whom people sign in; '' where nobody knows
    # The private half of the guest's SSH host key (ed25519), as OpenSSH's text. See takes_host_key.
    host_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Server:
    """A server as the cloud describes it at one moment."""

    id: str
    machine: str  # '' when it is not ours, or when the cloud has forgotten it (of a deleted one): go by `id` then
    owner: str  # the owner's key; '' when it is not ours
    name: str
    status: Status
    task: str = ""  # what the cloud is doing to it (scheduling, networking, spawning, suspending…); '' when nothing
    address: str = ""  # where the agent reaches it, in the network that the portal gave it; '' while it has none there
    # Guest's port → port at `address`, where they differ.
    port_map: dict[int, int] = field(default_factory=dict, hash=False)
    host: str = ""  # the computer of the cluster that carries it
    fault: str = ""  # the cloud's own words, for the log and for administrators only
    full: bool = False  # with ERROR: no host had room
    resets: int = 0  # the `number` of the last ensure_rebuilt
    # Likewise for ensure_restarted and ensure_hard_restarted, which count together; also a failed one.
    restarts: int = 0
    moves: int = 0  # likewise for ensure_moved and ensure_evacuated, together; `host` shows whether it moved
    project: str = ""  # the tenant's id, where the cloud has tenants
    tenant: str = ""  # from ensure_server only: the cloud's own note, to be handed back in Owner.tenant
    flavor: Flavor | None = None  # the id may be '' where the cloud does not give it
    created_at: datetime | None = None

    @property
    def is_going(self) -> bool:
        """Return whether it is being deleted: a delete that the cloud accepted is never taken back."""
        return self.task in ("deleting", "soft-deleting")


@dataclass(frozen=True, slots=True)
class Listing:
    """The answer of list_servers. `cursor` is the cloud's own time: hand it back as `changes_since`."""

    servers: list[Server]
    cursor: str
    whole: bool  # True: a server that is not in it does not exist


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """Counters since the guest started; they restart from zero with the guest. None: this cloud does not give it."""

    cpu_seconds: float | None = None
    disk_read_bytes: int | None = None
    disk_write_bytes: int | None = None
    nic_rx_bytes: int | None = None
    nic_tx_bytes: int | None = None


class Servers(Consoles, Protocol):
    """See Cloud for what each call may raise."""

    def list_servers(self, changes_since: str | None = None) -> Listing:
        """List all servers of all owners in one go, or those that changed (deleted ones too) since a cursor.

        A change from some seconds before the cursor may be listed again.
        """

    def find_server(self, machine: str, owner: Owner, project: str = "") -> Server | None:
        """Return the living server of this machine id, the oldest where there are several; not one that is being deleted.

        Only servers in the owner's tenant or in `project` count: people can write any tag on a server in a tenant of their own.
        """

    def ensure_server(self, spec: ServerSpec) -> Server:
        """Make a server, or find the one made for `spec.machine` (see find_server). CloudFull when no host has room.

        CloudRefused and CloudGone name their cause where the image or the size is the reason.
        """

    def takes_host_key(self, spec: ServerSpec) -> bool:
        """Return whether a guest made or reset by this spec shows spec.host_key, by what is known of it. Asks nobody."""

    def ensure_running(self, server_id: str) -> None:
        """Resume, unshelve, start or unrescue the server, whichever it needs. CloudFull when it must find a host and none has room."""

    def ensure_suspended(self, server_id: str) -> None:
        """Save the server's memory to disk and free its processor; CloudRefused where the guest cannot."""

    def ensure_stopped(self, server_id: str) -> None:
        """Power off in good order, from running or from ERROR: memory is lost, the disk and the place on the host stay. A shelved server is off, too."""

    def ensure_shelved(self, server_id: str) -> None:
        """Save the disk as an image and free the host; from running, off or suspended."""

    def ensure_restarted(self, server_id: str, number: int) -> None:
        """Reboot a running server for the `number`-th time; done already when `Server.restarts` says so."""

    def ensure_hard_restarted(self, server_id: str, number: int) -> None:
        """Cut the power and switch it on, for the `number`-th restart: from running, off, asleep or ERROR.

        A restart in good order that is still going on is cut short. Memory is lost, the disk stays. Done already as ensure_restarted.
        """

    def ensure_rescued(self, server_id: str) -> None:
        """Start the server from a rescue image, from running, off or ERROR; CloudRefused where the cloud has no such image."""

    def ensure_rebuilt(self, server_id: str, spec: ServerSpec, number: int) -> None:
        """Replace the disk by spec.image_id's, with spec's keys and user-data; same id, same address.

        Done already when `Server.resets` says so.
        """

    def ensure_deleted(self, server_id: str) -> None:
        """Delete the server with its disk; no such server: done."""

    def ensure_renamed(self, server_id: str, name: str) -> str:
        """Rename the server. Return the name that the cloud keeps, which may lack characters; the same holds for a new server's name."""

    def ensure_adopted(self, server_id: str, machine: str, owner: Owner) -> None:
        """Tag an existing server with this machine and owner, and let the agent reach it."""

    def console_url(self, server_id: str) -> str:
        """Return a noVNC page or a vnc:// address of the screen, valid for some minutes; CloudRefused where there is no screen."""

    def diagnostics(self, server_ids: Sequence[str]) -> dict[str, Diagnostics]:
        """Return the counters by server id. A server that did not answer in time is left out: unknown, not idle."""
