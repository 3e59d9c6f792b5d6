"""Pass a connection's bytes over a websocket of the client library `websockets`. The agent and whoever asked for the dial both use it,
so it imports nothing of ours but the protocol.

Bytes go as binary frames; that one end has said all goes as the text frame DIAL_EOF, since a websocket closes in both directions at once.
Neither end reads ahead of what the other takes: a frame is read when the one before it was written.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed

from tunnels.agent.protocol import DIAL_EOF, FRAME_BYTES

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

CONNECT_SECONDS = 2.0  # for each place
LINE_OPTIONS: dict[str, Any] = {
    "compression": None, "max_size": FRAME_BYTES, "max_queue": 4, "open_timeout": 5, "close_timeout": 2, "proxy": None, "user_agent_header": None,
}  # fmt: skip


Place = tuple[int, Any]  # family and address, as socket.getaddrinfo has them


def places(found: Iterable[tuple[Any, ...]]) -> tuple[Place, ...]:
    """Return what a look-up of a name has found."""
    return tuple((family, address) for family, _type, _proto, _name, address in found)


async def reach(where: Iterable[Place]) -> socket.socket:
    """Connect to the first of these that answers. Raises OSError.

    For a connection by name, asyncio looks the name up in a thread: many at once would start as many threads as it may have.
    """
    last: OSError = OSError("no such name")
    for family, address in where:
        # With its protocol named, asyncio sets TCP_NODELAY: else each keystroke may wait 40 ms.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().sock_connect(sock, address)
            return sock
        except OSError as error:
            sock.close()
            last = error
        except BaseException:
            sock.close()
            raise
    raise last


async def pump(line: "ClientConnection", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes both ways until both ends have said all or one is gone. Closes the connection; the websocket is the caller's."""
    ways = [asyncio.create_task(_send(line, reader)), asyncio.create_task(_receive(line, writer))]
    try:
        for way in asyncio.as_completed(ways):
            if not await way:
                break
    finally:
        for task in ways:
            task.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        writer.close()
        with contextlib.suppress(OSError):
            async with asyncio.timeout(CONNECT_SECONDS):  # an end that reads no more would keep us here
                await writer.wait_closed()
        writer.transport.abort()


async def _send(line: "ClientConnection", reader: asyncio.StreamReader) -> bool:
    """Whether the connection's end has said all, and was not cut."""
    with contextlib.suppress(ConnectionClosed, OSError):
        while data := await reader.read(FRAME_BYTES):
            await line.send(data)
        await line.send(DIAL_EOF)
        return True
    return False


async def _receive(line: "ClientConnection", writer: asyncio.StreamWriter) -> bool:
    """Whether the other side has said all, and did not go."""
    with contextlib.suppress(ConnectionClosed, OSError):
        while (data := await line.recv()) != DIAL_EOF:
            writer.write(data if isinstance(data, bytes) else data.encode())
            await writer.drain()
        writer.write_eof()
        return True
    return False
