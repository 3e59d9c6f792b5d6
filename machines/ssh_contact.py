"""SSH of machines, for whoever in the portal connects to it: the way there, and the host key that it must show.

Where the key is not known yet, the guest is asked for it first, and what it shows is pinned. Nobody signs in before that.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync, sync_to_async

from lib.notes import Refusal
from lib.small_waits import SmallEvent
from machines import host_keys
from machines.host_keys import Disk
from machines.models import Machine
from machines.ssh_ways import way_to_ssh
from tunnels.dialing import DialFailed, Way, connected

# asyncssh is imported where it is used: it would add a fifth to the start of every process, and few connect to guests.
if TYPE_CHECKING:
    import asyncssh

SECONDS = 5.0  # for one guest, from connecting until the work is done
# asyncssh would offer some fifty algorithms. Dropbear hangs up at so long a list.
# The signature algorithms of each kind of host key, the best first.
ALGORITHMS = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}
# Bounds on what a guest can make us keep: each of its requests gets an answer, whether the guest reads it or not.
MOST_UNSENT = 4 * 1024 * 1024  # bytes; an upload has up to 2 MiB on its way
MOST_DEFERRED = 10_000  # packets that wait for the end of an exchange of keys
# At a time. asyncio's 256 KiB may be 7,000 tiny packets: everybody else would wait for half a second.
READ_BYTES = 32 * 1024
NONE: frozenset[Any] = frozenset()  # each new one takes 216 bytes
HOST_KEYS = tuple(name for names in ALGORITHMS.values() for name in names)


@dataclass(frozen=True, slots=True)
class Contact:
    """A machine's SSH, as its row says: its present disk, and the user as whom its person signs in."""

    disk: Disk
    user: str


@dataclass(frozen=True, slots=True)
class Guest:
    """A guest, and how to connect to it now: once, within some seconds. `host_key`: the one that it must show (an OpenSSH public line)."""

    way: Way
    user: str
    host_key: str


@dataclass(frozen=True, slots=True)
class Fault:
    """The reason for a failed connection, for the record. `again`: it may be better in a moment."""

    text: str
    again: bool = False


class OtherHostKey(Exception):
    """The guest shows another host key than the one that is known; `shown` is its public line."""

    def __init__(self, shown: str) -> None:
        super().__init__("Its SSH shows another host key than the one that is known.")
        self.shown = shown


def contact(machine: Machine) -> Contact:
    return Contact(host_keys.disk_of(machine), machine.ssh_user)


def guests(contacts: Collection[Contact]) -> dict[Contact, Guest | Fault]:
    """Return how to connect to each, or why not. All side by side: those that were never met are asked for their host keys, which takes seconds."""

    async def all_of_them() -> list[Guest | Fault]:
        return await asyncio.gather(*map(guest_at, contacts))

    return dict(zip(contacts, async_to_sync(all_of_them)(), strict=True))


async def guest_at(one: Contact) -> Guest | Fault:
    """Return how to connect to one machine, or why not, without waiting for others. Its rows are read by the thread that waits."""
    row = (await sync_to_async(host_keys.known)([one.disk.machine])).get(one.disk.machine)
    key = row.key if row else await shown_key(await sync_to_async(_way)(one))
    if isinstance(key, Fault):
        return key
    return await sync_to_async(_guest)(one, key if row else await sync_to_async(host_keys.pin)(one.disk, key))


def _guest(one: Contact, host_key: str) -> Guest | Fault:
    way = _way(one)
    return way if isinstance(way, Fault) else Guest(way, one.user, host_key)


def _way(one: Contact) -> Way | Fault:
    """Return a way to the machine as it is now, also where it has no public port for SSH."""
    machine = Machine.objects.select_related("owner").filter(pk=one.disk.machine).first()
    if machine is None:
        return Fault("The machine no longer exists.")
    try:
        return way_to_ssh(machine, by=None)
    except Refusal as refusal:
        return Fault(f"Its SSH could not be reached: {refusal.code}", again=True)


# ---- first contact ----


async def shown_key(way: Way | Fault) -> str | Fault:
    """Return the host key that a guest shows, without signing in."""
    if isinstance(way, Fault):
        return way
    try:
        async with asyncio.timeout(SECONDS), connected(way) as sock:
            return await shown_key_over(sock) or Fault("Its SSH shows no host key.")
    except Exception as error:
        return fault_of(error)


async def shown_key_over(sock: socket.socket) -> str:
    """Return the host key that a guest shows over a connected socket, '' if none. Raises what asyncssh raises."""
    import asyncssh

    found = await asyncssh.get_server_host_key("guest", sock=sock, server_host_key_algs=HOST_KEYS, config=None)
    return line_of(found) if found else ""


def line_of(key: "asyncssh.SSHKey") -> str:
    return " ".join(key.export_public_key().decode().split()[:2])


def fault_of(error: Exception) -> Fault:
    """Return what a failed connection means. A guest may answer anything: it must not cost another guest its turn."""
    if isinstance(error, TimeoutError):
        return Fault(f"Its SSH did not answer within {SECONDS:g} s.", again=True)
    why = error.fault if isinstance(error, DialFailed) else str(error) or type(error).__name__
    return Fault(f"Its SSH could not be reached: {why}"[:200], again=True)


# ---- signing in ----

# Of whoever runs this process: no agent, no configuration, no other keys.
NOTHING_OF_OURS: dict[str, Any] = {
    "agent_path": None, "config": None, "gss_host": None, "preferred_auth": "publickey",
    "x509_trusted_certs": None, "x509_trusted_cert_paths": [],
    "compression_algs": ["none"],  # a few bytes of a hostile guest would unpack into hundreds of megabytes
    # asyncssh's own list, but AES-GCM first: it costs half of ChaCha20's processor time here.
    "encryption_algs": [
        "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr",
    ],
}  # fmt: skip


@contextlib.asynccontextmanager
async def signed_in(
    guest: Guest, keys: "Sequence[asyncssh.SSHKey]", **options: Any
) -> "AsyncIterator[asyncssh.SSHClientConnection]":
    """Sign in at a guest by one of the keys. Raises OtherHostKey, DialFailed, and what asyncssh raises."""
    async with connected(guest.way) as sock, await signed_in_over(sock, guest, keys, **options) as connection:
        yield connection


async def signed_in_over(
    sock: socket.socket, guest: Guest, keys: "Sequence[asyncssh.SSHKey]", **options: Any
) -> "asyncssh.SSHClientConnection":
    """Sign in at a guest over a socket that is connected to its SSH. Raises OtherHostKey, and what asyncssh raises."""
    import asyncssh

    shown: list[str] = []
    try:
        connection = await asyncssh.connect(
            "guest",
            sock=sock,
            username=guest.user,
            client_keys=keys,
            **_host_key_options(guest, shown),
            **NOTHING_OF_OURS,
            **options,
        )
    except asyncssh.HostKeyNotVerifiable:
        if not shown:
            raise
        raise OtherHostKey(shown[-1]) from None
    _bound(connection)
    return connection


def _bound(connection: Any) -> None:
    """Bound what a guest can make us keep. asyncssh does not. Nothing is read from a guest that does not read, until it does."""
    if transport := connection._transport:
        transport.max_size = READ_BYTES
        connection.pause_writing, connection.resume_writing = transport.pause_reading, transport.resume_reading
        transport.set_write_buffer_limits(MOST_UNSENT, MOST_UNSENT * 3 // 4)
        connection.data_received = partial(_read, connection)


def _read(connection: Any, data: bytes) -> None:
    """Take what a guest sent. A guest that begins an exchange of keys and goes on asking instead of ending it is cut off."""
    type(connection).data_received(connection, data)
    if len(connection._deferred_packets) > MOST_DEFERRED:
        connection.abort()


def forget_handshake(connection: Any) -> None:
    """Drop what asyncssh keeps of the handshake and of signing in: 14 KB, and the private key. A later exchange of keys begins anew.

    What such an exchange reads is shared by all connections. A guest may have begun one in the moment in which it let us in; then all
    is kept.
    """
    if not connection._kex_complete:
        return
    plain = _plain_options()
    connection._options, connection._client_keys, connection._waiter = plain, (), None
    connection._client_kexinit = connection._server_kexinit = b""
    connection._kex_algs, connection._enc_algs, connection._mac_algs = (
        plain.kex_algs,
        plain.encryption_algs,
        plain.mac_algs,
    )
    connection._cmp_algs, connection._sig_algs = plain.compression_algs, plain.signature_algs
    connection._server_host_key_algs = _shared(tuple(connection._server_host_key_algs))
    connection._trusted_host_keys = connection._trusted_ca_keys = connection._revoked_host_keys = NONE
    connection._x509_revoked_certs = connection._server_sig_algs = NONE
    connection._extensions_to_send = {}
    if not connection.is_closed():
        connection._close_event = SmallEvent()  # nobody waits for it yet


@cache
def _plain_options() -> Any:
    """Return options that belong to no guest and no person."""
    import asyncssh

    return asyncssh.SSHClientConnectionOptions(client_keys=None, known_hosts=None, **NOTHING_OF_OURS)


@cache
def _shared(names: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the same tuple for the same names: there are as many as kinds of known host keys."""
    return names


def _host_key_options(guest: Guest, shown: list[str]) -> dict[str, Any]:
    """Return options of asyncssh.connect that take no other host key. Another one that the guest shows is appended to `shown`.

    The known kind comes first: a guest that has got a key of one more kind since goes on showing the known one.
    """
    first = ALGORITHMS[guest.host_key.split()[0]]
    algorithms = (*first, *(name for name in HOST_KEYS if name not in first))
    return {
        "client_factory": partial(_watch(), guest.host_key, shown),
        "known_hosts": ([], [], []),
        "server_host_key_algs": algorithms,
    }


@cache
def _watch() -> Any:
    """Return the class, once: each class takes some KB, and the live process holds a thousand connections."""
    import asyncssh

    class Watch(asyncssh.SSHClient):
        """Takes the known host key; another one is appended to `shown`."""

        def __init__(self, known: str, shown: list[str]) -> None:
            self.known, self.shown = known, shown

        def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
            line = line_of(key)
            if line != self.known:
                self.shown.append(line)
            return line == self.known

    return Watch
