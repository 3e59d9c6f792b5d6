"""SFTP sessions with a guest, in which each question has an end and each answer a size."""

import asyncio
import contextlib
import stat
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from machines.guest_files.file_faults import FileFault, fault_of

# asyncssh is imported where it is used: see machines.ssh_contact.
if TYPE_CHECKING:
    import asyncssh

SECONDS = 20.0  # for one answer. A guest that opens a pipe for us answers never
OPEN_SECONDS = 10.0
# asyncssh takes 4 MiB, of which a hostile guest makes 350,000 names. OpenSSH's longest answers have 64 KiB and some bytes.
MOST_PACKET = 131072
MOST_OF_ENTRIES = 4096  # of one answer; OpenSSH gives 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Facts:
    """A thing in a guest's folder. `kind`: file, folder, link, or other: devices, pipes, sockets."""

    kind: str
    size: int
    modified: int  # seconds since 1970
    mode: int
    uid: int = 0
    gid: int = 0


class _Bounded:
    """asyncssh's reader of a channel, for an SFTP client that takes no larger packets than MOST_PACKET."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    async def readexactly(self, size: int) -> bytes:
        import asyncssh

        if size > MOST_PACKET:
            raise asyncssh.SFTPBadMessage(f"an answer of {size} bytes")
        return bytes(await self._reader.readexactly(size))


class Session:
    """An SFTP session. `home`: the folder in which it begins."""

    def __init__(self, connection: "asyncssh.SSHClientConnection", client: "asyncssh.SFTPClient") -> None:
        self.connection, self.client = connection, client
        self.home = b"/"

    async def ask(self, path: bytes, question: Awaitable[T]) -> T:
        """Return the answer to a question about a path. Raises FileFault."""
        try:
            async with asyncio.timeout(SECONDS):
                return await question
        except Exception as error:
            raise fault_of(error, path.rpartition(b"/")[2]) from None

    def close(self) -> None:
        """End the session; the guest's answers are not waited for."""
        self.client.exit()

    async def facts(self, path: bytes, *, follow: bool = True) -> Facts:
        """Return what is there; with `follow`, what a link leads to. Raises FileFault."""
        look = self.client.stat if follow else self.client.lstat
        return facts_of(await self.ask(path, look(path)))

    async def is_there(self, path: bytes) -> bool:
        try:
            await self.facts(path, follow=False)
        except FileFault as fault:
            if fault.code == "not_found":
                return False
            raise
        return True


@contextlib.asynccontextmanager
async def session(connection: "asyncssh.SSHClientConnection") -> AsyncIterator[Session]:
    """Have a session on a connection until the end of the block. Raises FileFault: no_sftp where the guest has none."""
    opened = await open_session(connection)
    try:
        yield opened
    finally:
        opened.close()


async def open_session(connection: "asyncssh.SSHClientConnection") -> Session:
    """Open a session, which the caller closes. Raises FileFault."""
    opened = Session(connection, await _client(connection))
    try:
        opened.home = await _home(opened)
    except BaseException:
        opened.close()
        raise
    return opened


async def _home(opened: Session) -> bytes:
    try:
        return b"/" + bytes(await opened.ask(b"", opened.client.realpath(b"."))).lstrip(b"/")
    except FileFault as fault:
        raise FileFault("no_sftp") if fault.code == "failed" else fault from None


async def _client(connection: "asyncssh.SSHClientConnection") -> "asyncssh.SFTPClient":
    import asyncssh
    from asyncssh.sftp import start_sftp_client

    try:
        async with asyncio.timeout(OPEN_SECONDS):
            writer, reader, _stderr = await connection.open_session(subsystem="sftp", encoding=None)
            loop: Any = asyncio.get_running_loop()
            bounded: Any = _Bounded(reader)
            return await start_sftp_client(connection, loop, "replace", bounded, writer, None, "strict", 3)
    except TimeoutError:
        raise FileFault("no_answer") from None
    except Exception as error:
        is_lost = isinstance(error, asyncssh.DisconnectError | OSError) or connection.is_closed()
        raise FileFault("cut" if is_lost else "no_sftp") from None


def facts_of(attrs: "asyncssh.SFTPAttrs") -> Facts:
    mode = attrs.permissions or 0
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
    kind = kinds.get(stat.S_IFMT(mode), "other")
    return Facts(kind, attrs.size or 0, attrs.mtime or 0, stat.S_IMODE(mode), attrs.uid or 0, attrs.gid or 0)
