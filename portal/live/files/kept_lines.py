"""SSH connections of people to machines, kept for some seconds after a request: the next piece of an upload needs no handshake.

A connection belongs to one entry (a session, a token) and one machine, and is cut when that entry's right ends.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncssh

from lib.side_by_side import until_first
from machines.guest_files.file_faults import FileFault
from machines.guest_files.sftp_sessions import Session, open_session
from portal.live.entry import Entry

KEPT_SECONDS = 10.0
MOST_IDLE = 4  # SFTP sessions that a line keeps open
BROKEN = ("cut", "no_answer", "failed")  # faults after which a session is not used again
Key = tuple[str, str, UUID]


class Line:
    """A connection that some requests use, or used just now."""

    def __init__(self) -> None:
        self.users = 0
        self.connection: asyncio.Future[asyncssh.SSHClientConnection] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()
        self.why = ""  # it was cut: rights, unsure, restart
        self.timer: asyncio.TimerHandle | None = None
        self._idle: list[Session] = []

    @property
    def is_usable(self) -> bool:
        is_open = not self.connection.done() or (
            not self.connection.exception() and not self.connection.result().is_closed()
        )
        return is_open and not self.ended.is_set()

    def cut(self, why: str) -> None:
        self.why = self.why or why
        self.ended.set()

    def fail(self, error: Exception) -> None:
        """Tell those who wait for the connection that there will be none."""
        if not self.connection.done():
            self.connection.set_exception(error)
            self.connection.exception()  # whoever waited may have left

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Have an SFTP session of this line. Raises what Guests.signed_in does, and FileFault."""
        connection = await asyncio.shield(self.connection)
        opened = self._idle.pop() if self._idle else await open_session(connection)
        is_good = False
        try:
            yield opened
            is_good = True
        except FileFault as fault:
            is_good = fault.code not in BROKEN
            raise
        finally:
            if is_good and len(self._idle) < MOST_IDLE:
                self._idle.append(opened)
            else:
                opened.close()


class Lines:
    """The kept connections of this process. `guests`: see portal.live.guest_connections."""

    def __init__(self, guests: Any) -> None:
        self.guests = guests
        self.lines: dict[Key, Line] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def line(self, entry: Entry, machine: UUID) -> AsyncIterator[Line]:
        """Have a line to a machine until the end of the block; it is opened now, or was before."""
        key = entry.kind, entry.key, machine
        line = self.lines.get(key)
        if line is None or not line.is_usable:
            line = self.lines[key] = Line()
            task = asyncio.create_task(self._run(key, line, entry, machine))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        line.users += 1
        if line.timer:
            line.timer.cancel()
        try:
            yield line
        finally:
            line.users -= 1
            if not line.users:
                line.timer = asyncio.get_running_loop().call_later(KEPT_SECONDS, line.ended.set)

    async def _run(self, key: Key, line: Line, entry: Entry, machine: UUID) -> None:
        """Open a line, and close it when nobody needs it any more, or it is cut."""
        try:
            async with self.guests.signed_in(entry, machine, on_cut=line.cut) as connection:
                line.connection.set_result(connection)
                await until_first(line.ended.wait(), connection.wait_closed())
        except Exception as error:
            line.fail(error)
        finally:
            line.ended.set()
            line.fail(FileFault("cut"))
            if self.lines.get(key) is line:
                del self.lines[key]

    async def close(self, why: str) -> None:
        """Cut all, and wait until they are closed."""
        for line in list(self.lines.values()):
            line.cut(why)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)
