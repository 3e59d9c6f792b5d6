"""A guest with files: an SSH server in the test's own loop, before OpenSSH's sftp-server, or asyncssh's, or none."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncssh

from machines.guest_files import BLOCK
from machines.guest_files.sftp_sessions import Session, session
from machines.ssh_contact import NOTHING_OF_OURS
from tests.machines.hostile_guest import HERE, LetsIn

SFTP_SERVER = "/usr/lib/openssh/sftp-server"
NOBODY = 65534
Answer = Callable[[asyncssh.SSHServerProcess[bytes]], Awaitable[None]]


class Process(asyncssh.SSHServerProcess[bytes]):
    """A session that a Guest answers; asyncssh alone would answer those for files by itself."""

    def subsystem_requested(self, subsystem: str) -> bool:
        return subsystem == "sftp"

    def session_started(self) -> None:
        channel: Any = self._chan
        ends = [kind(self, channel) for kind in (asyncssh.SSHReader, asyncssh.SSHWriter)]
        handler: Any = self._start_process(*ends, asyncssh.SSHWriter(self, channel, 1))
        channel.get_connection().create_task(handler)


class Guest:
    """`home`: where its sessions begin. `path`: where its programs lie, '' if none is run. `as_nobody`: whether files are another user's."""

    def __init__(self, home: Path, *, path: str = os.environ["PATH"], as_nobody: bool = False) -> None:
        self.home, self.path, self.as_nobody = home, path, as_nobody
        self.sessions = 0

    async def answer(self, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        """Answer a session of a client."""
        if process.subsystem == "sftp":
            self.sessions += 1
            return await self._run(process, SFTP_SERVER)
        if not self.path:
            return process.exit(127)
        await self._run(process, "/bin/sh", "-c", str(process.command))

    async def _run(self, process: "asyncssh.SSHServerProcess[bytes]", *command: str) -> None:
        user: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if self.as_nobody else {}
        pipe = asyncio.subprocess.PIPE
        program = await asyncio.create_subprocess_exec(
            *command, cwd=self.home, stdin=pipe, stdout=pipe, env={"PATH": self.path}, **user
        )
        copies = [_copy(process.stdin, program.stdin), _copy(program.stdout, process.stdout)]
        try:
            await asyncio.gather(*copies)
            process.exit(await program.wait())
        finally:
            if program.returncode is None:
                program.kill()
                await program.wait()


async def _copy(source: Any, sink: Any) -> None:
    with contextlib.suppress(OSError, asyncssh.Error):
        while data := await source.read(BLOCK):
            sink.write(data)
            await sink.drain()
        sink.write_eof()


@contextlib.asynccontextmanager
async def connected(answer: Answer | None = None, **options: Any) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """Start a server that answers sessions so, or with these options of asyncssh.listen, and sign in."""
    key = asyncssh.generate_private_key("ssh-ed25519")

    class Server(LetsIn):
        def session_requested(self) -> Any:
            return Process(answer, None, 3, False) if answer else False

    factory: Any = Server if answer else LetsIn
    version = (
        "OpenSSH_9.9" if answer else "other"
    )  # whose server takes the ends of a link in another order than the others
    server = await asyncssh.listen(
        HERE, 0, server_host_keys=[key], server_factory=factory, encoding=None, server_version=version, **options
    )
    try:
        ours = await asyncssh.connect(HERE, server.get_port(), known_hosts=None, username="condor", **NOTHING_OF_OURS)
        async with ours:
            yield ours
    finally:
        server.close()
        await server.wait_closed()


@contextlib.asynccontextmanager
async def files_of(guest: Guest) -> AsyncIterator[Session]:
    async with connected(guest.answer) as connection, session(connection) as opened:
        yield opened


@contextlib.asynccontextmanager
async def simulated(home: Path, kind: type[asyncssh.SFTPServer] = asyncssh.SFTPServer) -> AsyncIterator[Session]:
    """Files of asyncssh's own server, which can answer whatever it likes."""

    def serve(channel: Any) -> asyncssh.SFTPServer:
        return kind(channel, chroot=os.fsencode(home))

    async with connected(sftp_factory=serve) as connection, session(connection) as opened:
        yield opened


async def pieces(*those: bytes) -> AsyncIterator[bytes]:
    for piece in those:
        yield piece
