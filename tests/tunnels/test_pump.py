"""Connections of dials: bytes go out as they come."""

import asyncio
import socket

from tunnels.pump import places, reach


async def test_no_keystroke_waits_for_an_acknowledgement() -> None:
    """Hold TCP_NODELAY on what asyncio makes of a connection."""
    with socket.create_server(("127.0.0.1", 0)) as target:
        host, port = target.getsockname()
        sock = await reach(places(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        _reader, writer = await asyncio.open_connection(sock=sock)
        assert writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()
        await writer.wait_closed()
