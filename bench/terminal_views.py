"""Views of terminals for bench.terminals, as a browser has them, and bare SSH clients of the same guest beside them."""

import asyncio
import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncssh
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.terminal_guest import PROMPT, STOPPED

ACK_BYTES, LEAST_ACK_BYTES, ACK_SECONDS = 65536, 16384, 0.05  # as static/js/terminal/acks.js
SHOWN_A_SECOND = 10_000_000  # bytes; xterm.js tells 5 to 35 MB/s of itself
PATIENCE = 120.0
OPENING = 30  # at once, and as many as a class: nobody is refused for the crowd behind one address


class Screen:
    """Output of a shell. `heard` is set at each piece."""

    def __init__(self) -> None:
        self.count, self.end = 0, b""
        self.heard = asyncio.Event()

    def show(self, output: bytes) -> None:
        self.count += len(output)
        self.end = (self.end + output)[-20:]
        self.heard.set()

    async def until(self, what: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while not what():
                self.heard.clear()
                await self.heard.wait()

    async def prompt(self) -> None:
        await self.until(lambda: self.end.endswith(PROMPT))

    async def type(self, data: bytes) -> None:
        raise NotImplementedError

    async def echo(self) -> float:
        """Type one character. Return the seconds until it was there."""
        self.heard.clear()
        began = time.perf_counter()
        await self.type(b"x")
        async with asyncio.timeout(PATIENCE):
            await self.heard.wait()
        return time.perf_counter() - began


@dataclass(frozen=True)
class Place:
    """The address of a terminal, and who opens it."""

    port: int
    guest: int  # the port of its sshd
    machine: str
    cookie: str
    name: str = "1"

    @property
    def url(self) -> str:
        return f"ws://localhost:{self.port}/live/terminal/{self.machine}/{self.name}"


class View(Screen):
    """A page's view of a terminal; it shows so much a second and acknowledges that, as the page does."""

    line: ClientConnection

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place, self.told = place, ""
        self._shown, self._timer = 0, False
        self._free_at = 0.0
        self.is_closing = False

    async def open(self) -> None:
        self.line = await connect(
            self.place.url, additional_headers={"Cookie": self.place.cookie}, origin=f"http://localhost:{self.place.port}",
            host="127.0.0.1", compression=None, proxy=None, open_timeout=PATIENCE, ping_interval=None, max_size=2**20,
        )  # type: ignore[arg-type]  # fmt: skip
        self.task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        try:
            async for frame in self.line:
                if isinstance(frame, str):
                    self.told = frame
                else:
                    await self._shows(frame)
                    self.show(frame)
        except ConnectionClosed:
            pass
        if not self.is_closing:
            print(f"A terminal was closed: {self.line.close_code} {self.told}")

    async def _shows(self, output: bytes) -> None:
        """Take the time that a browser takes to show it, then acknowledge it with what else is shown."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + len(output) / SHOWN_A_SECOND
        if self._free_at - now > 0.005:
            await asyncio.sleep(self._free_at - now)
        self._shown += len(output)
        if self._shown >= ACK_BYTES:
            await self._acknowledge()
        elif self._shown >= LEAST_ACK_BYTES and not self._timer:
            self._timer = True
            asyncio.get_running_loop().call_later(ACK_SECONDS, lambda: asyncio.ensure_future(self._acknowledge()))

    async def _acknowledge(self) -> None:
        shown, self._shown, self._timer = self._shown, 0, False
        if shown:
            with contextlib.suppress(ConnectionClosed):
                await self.line.send(json.dumps({"type": "ack", "bytes": shown}))

    async def type(self, data: bytes) -> None:
        await self.line.send(data)

    async def interrupt(self) -> float:
        """Press Ctrl-C. Return the seconds until the prompt is there again."""
        began = time.perf_counter()
        await self.type(b"\x03")
        await self.until(lambda: self.end.endswith(STOPPED))
        return time.perf_counter() - began

    async def hang_up(self) -> None:
        self.is_closing = True
        await self.line.close()

    async def close(self) -> None:
        """End the shell, too."""
        self.is_closing = True
        await self.line.send('{"type": "close"}')
        await self.task


class Bare(Screen, asyncssh.SSHClientSession[bytes]):
    """The same shell, without us between."""

    @classmethod
    async def opened(cls, place: Place, key: asyncssh.SSHKey) -> "Bare":
        self = cls()
        self.connection = await asyncssh.connect(
            "127.0.0.1",
            place.guest,
            username="student",
            client_keys=[key],
            known_hosts=None,
            config=None,
            agent_path=None,
        )
        self.channel, _session = await self.connection.create_session(
            lambda: self, request_pty=True, term_type="xterm", encoding=None
        )
        await self.prompt()
        return self

    def data_received(self, data: bytes, datatype: Any) -> None:
        self.show(data)

    async def type(self, data: bytes) -> None:
        self.channel.write(data)

    def close(self) -> None:
        self.connection.abort()


async def open_all(places: Sequence[Place]) -> list[View]:
    """Open terminals, some at once."""
    turns = asyncio.Semaphore(OPENING)

    async def one(place: Place) -> View:
        async with turns:
            view = View(place)
            await view.open()
            await view.prompt()
            return view

    return list(await asyncio.gather(*map(one, places)))


async def close_all(views: Sequence[View]) -> None:
    await asyncio.gather(*(view.close() for view in views))


# ---- floods, in a process of their own: they would keep the view beside them from being measured ----


def flood(places: Sequence[Place], pipe: Any) -> None:
    """Let `yes` run in terminals. Says "runs" when all do; ends, and tells the seconds each Ctrl-C took, when it is told to."""
    asyncio.run(_flood(places, pipe))


async def _flood(places: Sequence[Place], pipe: Any) -> None:
    views = await open_all(places)
    for view in views:
        await view.type(b"yes\r")
        await view.until(lambda view=view: view.count > 1000)
    pipe.send("runs")
    await asyncio.to_thread(pipe.recv)
    waits = [await view.interrupt() for view in views]
    pipe.send((waits, sum(view.count for view in views)))
    await close_all(views)
