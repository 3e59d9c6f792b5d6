"""Pass a connection's bytes over a websocket of the client library `websockets`. The agent and whoever asked for the dial both use it,
so it imports nothing of ours but the protocol.

Bytes go as binary frames; that one end has said all goes as the text frame DIAL_EOF, since a websocket closes in both directions at once.
Neither end reads ahead of what the other takes: a frame is read when the one before it was written.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus, WebSocketException

from tunnels.agent.protocol import DIAL_EOF, DIAL_SECONDS, FRAME_BYTES

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

CONNECT_SECONDS = 2.0  # for each place
AGAIN_SECONDS = 2.0  # until the second try: a live process that was started anew answers by then
NOT_THERE = (502, 503, 504)  # what a proxy says of a live process that is away; itself it says 403, which is final
LINE_OPTIONS: dict[str, Any] = {
    "compression": None, "max_size": FRAME_BYTES, "max_queue": 4, "close_timeout": 2, "proxy": None, "user_agent_header": None,
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


async def open_line(url: str, where: Sequence[Place], ticket: str, **trust: Any) -> "ClientConnection":
    """Open a dial's websocket to the live process at one of these places. Raises OSError, WebSocketException.

    A process that is slow may take as long as the ticket is good: to hang up would not give the ticket back. One that is away is
    tried once more within that time.
    """
    clock = asyncio.get_running_loop().time
    ends_at = clock() + DIAL_SECONDS
    try:
        return await _open_line(url, where, ticket, ends_at - clock(), trust)
    except (OSError, WebSocketException) as error:
        if not where or not _is_away(error) or clock() + AGAIN_SECONDS >= ends_at:
            raise
    await asyncio.sleep(AGAIN_SECONDS)
    return await _open_line(url, where, ticket, ends_at - clock(), trust)


async def _open_line(
    url: str, where: Iterable[Place], ticket: str, seconds: float, trust: dict[str, Any]
) -> "ClientConnection":
    # Imported where it is needed: each process of the site would load it.
    from websockets.asyncio.client import connect

    head = {"Authorization": f"Dial {ticket}"}
    sock = await reach(where)
    try:
        return await connect(url, sock=sock, additional_headers=head, open_timeout=seconds, **LINE_OPTIONS, **trust)
    except BaseException:
        sock.close()
        raise


def _is_away(error: Exception) -> bool:
    """Say whether nobody was there to take the ticket, or whoever was went away."""
    if isinstance(error, InvalidStatus):
        return error.response.status_code in NOT_THERE
    return isinstance(error, (OSError, InvalidMessage))


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
    """Say whether the connection's end has said all, and was not cut."""
    with contextlib.suppress(ConnectionClosed, OSError):
        while data := await reader.read(FRAME_BYTES):
            await line.send(data)
        await line.send(DIAL_EOF)
        return True
    return False


async def _receive(line: "ClientConnection", writer: asyncio.StreamWriter) -> bool:
    """Say whether the other side has said all, and did not go."""
    with contextlib.suppress(ConnectionClosed, OSError):
        while (data := await line.recv()) != DIAL_EOF:
            writer.write(data if isinstance(data, bytes) else data.encode())
            await writer.drain()
        writer.write_eof()
        return True
    return False
