"""A guest's serial line: the end of what it wrote, and the line itself over a websocket, from the socket that QEMU keeps for it."""

import asyncio
import contextlib
from pathlib import Path

from starlette.websockets import WebSocket, WebSocketDisconnect

from cloud.contract import MOST_LOG_BYTES
from lib.side_by_side import until_first

PIECE_BYTES = 16384
MOST_FRAME_BYTES = 65536
LINE_BYTES = 200  # more than most lines of a log have
TAKEN = 4009  # close code: somebody has the line


def tail(log: Path, lines: int) -> str:
    """Return the last lines of a console log, however long it is; '' where there is none."""
    most = min(LINE_BYTES * max(lines, 1), MOST_LOG_BYTES)
    try:
        with open(log, "rb") as file:
            file.seek(max(0, file.seek(0, 2) - most))
            return "\n".join(file.read(most).decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


class SerialLines:
    """The lines that are being read. QEMU itself would let a second reader wait for ever."""

    def __init__(self) -> None:
        self._taken: set[Path] = set()

    async def carry(self, socket: Path, viewer: WebSocket) -> None:
        """Pass bytes both ways until one side ends."""
        await viewer.accept("binary" if "binary" in viewer.scope["subprotocols"] else None)
        if socket in self._taken:
            return await viewer.close(TAKEN, "taken")
        self._taken.add(socket)
        try:
            reader, writer = await asyncio.open_unix_connection(str(socket))
            try:
                await _pass(reader, writer, viewer)
            finally:
                writer.close()
        except OSError:
            pass  # the guest has ended
        finally:
            self._taken.discard(socket)
        with contextlib.suppress(RuntimeError):  # it has gone
            await viewer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, viewer: WebSocket) -> None:
    await until_first(_out(reader, viewer), _in(writer, viewer))


async def _out(reader: asyncio.StreamReader, viewer: WebSocket) -> None:
    while data := await reader.read(PIECE_BYTES):
        await viewer.send_bytes(data)


async def _in(writer: asyncio.StreamWriter, viewer: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect, KeyError):  # KeyError: a text frame
        while len(data := await viewer.receive_bytes()) <= MOST_FRAME_BYTES:
            writer.write(data)
            await writer.drain()
