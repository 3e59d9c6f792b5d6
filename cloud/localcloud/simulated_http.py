"""The web page of a simulated guest: one small answer per connection, counted."""

import asyncio
import contextlib
import html
import time
from dataclasses import dataclass
from typing import Any

from cloud.localcloud.rows import ServerRow

REQUEST_SECONDS = 10.0  # for a whole request to come in


@dataclass
class Counters:
    """Counters of a guest since it started."""

    cpu_seconds: float = 0.0
    nic_rx_bytes: int = 0
    nic_tx_bytes: int = 0


class PageListener:
    """A listening port. Closing it also cuts the open connections."""

    def __init__(self, server: asyncio.Server, writers: set[asyncio.StreamWriter]) -> None:
        self._server = server
        self._writers = writers

    def close(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()


async def listen(row: ServerRow, counters: Counters, address: str, outside: int, port: int) -> PageListener:
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            await _answer(row, counters, port, reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client has gone, or spoke no HTTP
        finally:
            writers.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    return PageListener(await asyncio.start_server(serve, address, outside), writers)


async def _answer(row: ServerRow, counters: Counters, port: int, reader: Any, writer: Any) -> None:
    async with asyncio.timeout(REQUEST_SECONDS):
        request = await reader.readuntil(b"\r\n\r\n")
    started = time.perf_counter()
    body = b"" if request.startswith(b"HEAD ") else page(row, port)
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n"
        f"Content-Length: {len(page(row, port))}\r\nCache-Control: no-store\r\n\r\n"
    )
    answer = head.encode() + body
    counters.nic_rx_bytes += len(request)
    counters.nic_tx_bytes += len(answer)
    counters.cpu_seconds += time.perf_counter() - started
    writer.write(answer)
    await writer.drain()


def page(row: ServerRow, port: int) -> bytes:
    name = html.escape(row.name)
    what = "the web page of" if port == 80 else f"port {port} of"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title><h1>{name}</h1>'
        f"<p>This is {what} a simulated machine of Minga's local cloud.</p><p>Server {row.id}</p></html>\n"
    ).encode()
