"""SHA-256 of what lies in a guest: counted there by openssl or sha256sum where it can be, otherwise read back."""

import asyncio
import contextlib
import hashlib
import re
from typing import TYPE_CHECKING, Any

from machines.guest_files.file_reading import blocks, file_facts
from machines.guest_files.sftp_sessions import Session

if TYPE_CHECKING:
    import asyncssh

# The path comes by its input: so no login shell, be it fish or csh, can misread a name. openssl takes half the time of sha256sum.
COMMAND = 'exec xargs -0 sh -c \'openssl dgst -sha256 -r "$0" 2>/dev/null || sha256sum "$0"\''
SUM_SECONDS = 540.0  # for the count. A proxy waits for ten minutes (docs/admin/install.md)
_SUM = re.compile(rb"\\?([0-9a-f]{64}) ")
MOST_OUTPUT = 64 * 1024


async def sum_of(session: Session, path: bytes) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits; '' where the guest takes too long over it. Raises FileFault."""
    await file_facts(session, path)
    try:
        return await _counted_there(session.connection, path) or await read_back(session, path)
    except TimeoutError:
        return ""


async def read_back(session: Session, path: bytes) -> str:
    digest = hashlib.sha256()
    facts = await file_facts(session, path)
    async with contextlib.aclosing(blocks(session, path, facts.size)) as those:
        async for block in those:
            digest.update(block)
    return digest.hexdigest()


async def _counted_there(connection: "asyncssh.SSHClientConnection", path: bytes) -> str:
    """Return what these programs say; '' where the guest has none, or lets nobody run anything. Raises TimeoutError."""
    import asyncssh

    try:
        async with asyncio.timeout(SUM_SECONDS):
            found = _SUM.match(await _said(connection, path + b"\0"))
    except (asyncssh.Error, BrokenPipeError):
        return ""
    return found[1].decode() if found else ""


async def _said(connection: "asyncssh.SSHClientConnection", text: bytes) -> bytes:
    """Return the first bytes that the command says about the text."""
    process: Any = await connection.create_process(COMMAND, encoding=None, stderr=asyncio.subprocess.DEVNULL)
    try:
        process.stdin.write(text)
        process.stdin.write_eof()
        said = b""
        while len(said) < MOST_OUTPUT and (more := await process.stdout.read(4096)):
            said += more
        return said
    finally:
        process.close()
