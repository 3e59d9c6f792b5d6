"""SSH connections to machines for people, signed in with the portal's own key: what terminals and files go through."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import asyncssh

from machines import host_keys
from machines.ssh_contact import OtherHostKey, fault_of, forget_handshake, shown_key_over, signed_in_over
from portal.live import guest_door
from portal.live.dials import Dialed, Dials
from portal.live.entry import Entry
from portal.live.guest_door import WayIn
from portal.live.handshakes import Queue
from portal.live.reading import read
from tunnels.dialing import DialFailed

log = logging.getLogger("portal.live")
AT_ONCE = 8  # handshakes: each takes processor time of this process and of the guest
SECONDS = 10.0  # from one's turn until one is signed in
# A guest that was switched off is noticed after a minute and a half.
ALIVE: dict[str, Any] = {"keepalive_interval": 30, "keepalive_count_max": 3}
Cut = Callable[[str], Any]


def start() -> None:
    """Start the thread on which asyncssh prepares connections: later it would be taken for the cost of one."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="ssh")
    pool.submit(int).result()
    asyncio.get_running_loop().set_default_executor(pool)


class Guests:
    """The connections of this process to machines."""

    def __init__(self, dials: Dials) -> None:
        self.dials = dials
        self.queue = Queue(AT_ONCE)

    @contextlib.asynccontextmanager
    async def signed_in(
        self, entry: Entry, machine: UUID, *, on_cut: Cut | None = None, on_place: Callable[[int], Any] | None = None
    ) -> AsyncIterator[asyncssh.SSHClientConnection]:
        """Sign a person in at a machine. `on_place` hears how many are before them, `on_cut` why the connection is cut: their right ended.

        Raises NotOpened with a sentence for the person, Refused and access.Forbidden where they may not, and AgentAway.
        """
        async with self.queue.turn(on_place, person=entry.person.pk):
            connection, dialed = await self._open(entry, machine, on_cut)
        try:
            yield connection
        finally:
            try:
                await _close(connection)
            finally:  # also where it is cancelled once more
                await self.dials.hang_up(dialed)

    async def _open(
        self, entry: Entry, machine: UUID, on_cut: Cut | None
    ) -> tuple[asyncssh.SSHClientConnection, Dialed]:
        way = await self.dials.ask(guest_door.way_in, entry, machine)
        try:
            async with asyncio.timeout(SECONDS):
                way = await self._known(way, entry, machine)
                dialed = await self.dials.dial(way.guest.way, machine=machine, entry=entry, tell=on_cut)
                try:
                    return await self._sign_in(dialed.sock, way), dialed
                except BaseException:
                    await self.dials.hang_up(dialed)
                    raise
        except (TimeoutError, DialFailed, OSError, asyncssh.Error) as error:
            log.info("machine %s: its SSH could not be reached: %s", machine, fault_of(error).text)
            raise guest_door.unreachable(way) from None

    async def _known(self, way: WayIn, entry: Entry, machine: UUID) -> WayIn:
        """Return a way whose host key is known: at the first contact the guest is asked for it, and a second way is taken."""
        if way.guest.host_key:
            return way
        async with self.dials.along(way.guest.way, machine=machine, entry=entry) as sock:
            shown = await shown_key_over(sock)
        if not shown:
            raise guest_door.unreachable(way)
        await read(host_keys.pin, way.disk, shown)
        return await self.dials.ask(guest_door.way_in, entry, machine)

    async def _sign_in(self, sock: socket.socket, way: WayIn) -> asyncssh.SSHClientConnection:
        try:
            connection = await signed_in_over(sock, way.guest, [way.key], **ALIVE)
        except OtherHostKey as error:
            raise await read(guest_door.other_host_key, way, error.shown) from None
        except asyncssh.PermissionDenied:
            raise await read(guest_door.kept_out, way) from None
        try:
            forget_handshake(connection)
            await read(guest_door.let_in, way)
        except BaseException:
            await _close(connection)
            raise
        return connection


def unsent(connection: asyncssh.SSHClientConnection) -> int:
    """Return how many bytes wait here because the guest does not read, or does not end an exchange of keys. asyncssh counts neither."""
    transport: Any = connection._transport
    deferred = sum(len(part) for _kind, parts in connection._deferred_packets for part in parts)
    return deferred + (int(transport.get_write_buffer_size()) if transport else 0)


async def _close(connection: asyncssh.SSHClientConnection) -> None:
    """Close within a moment: the guest may no longer listen."""
    connection.abort()
    with contextlib.suppress(Exception):
        await connection.wait_closed()
