"""Connections that the portal asks for: to the target of one of our tunnels, or to the ssh of a machine that we were told of.

Each is passed on to the live process over a websocket of its own.

The first frame says how it went, as JSON: {"fault": ""}, or a word of FAULTS and nothing follows. `ms`: what reaching the target took;
`trial`, of a dial with one: whether the tunnel's own port is open, and answers a visit that says the dial's word first.
"""

import asyncio
import json
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from tunnels.agent.link import Link
from tunnels.agent.protocol import WantedDial
from tunnels.pump import Place, open_line, places, pump

MOST = 128  # dialed connections at once
CONNECT_SECONDS = 2.0  # for the target
REMEMBER_SECONDS = 60.0  # a dial's number: longer than its ticket is good
FAULTS = ("refused", "no_answer", "not_ours", "too_many")  # what the target, or this agent, said
Target = tuple[asyncio.StreamReader, asyncio.StreamWriter, float]  # and in how many seconds it was reached


class CannotDial(Exception):
    """The word of FAULTS that says why."""


@dataclass
class Dialed:
    """A dialed connection under way."""

    task: asyncio.Task[None]
    tunnel: str
    target: tuple[str, int] | None


class Dialer:
    """The dials of one agent. `url`: the live process, or a proxy that leads /live/ to it."""

    def __init__(self, url: str, link: Link) -> None:
        self.url = "ws" + url.rstrip("/").removeprefix("http") + "/live/dial"
        # Reading the authorities for each dial would take longer than the dial.
        self.trust = {"ssl": ssl.create_default_context()} if self.url.startswith("wss:") else {}
        self.link = link
        self._looking_up: asyncio.Task[tuple[Place, ...]] | None = None
        self.heard: dict[int, float] = {}  # when, by WantedDial.id
        self.going: dict[int, Dialed] = {}

    def known(self) -> list[int]:
        """Return the numbers of the dials that the portal need not tell again."""
        now = time.monotonic()
        self.heard = {number: at for number, at in self.heard.items() if now - at < REMEMBER_SECONDS}
        return list(self.heard)

    def follow(self, dials: Iterable[WantedDial]) -> bool:
        """Begin what is new, end what leads to a target that is no longer ours. True when something was new."""
        for dialed in list(self.going.values()):
            if self._target(dialed.tunnel) != dialed.target:
                dialed.task.cancel()
        fresh = [dial for dial in dials if dial.id not in self.heard]
        for dial in fresh:
            self.heard[dial.id] = time.monotonic()
            task = asyncio.create_task(self._serve(dial))
            self.going[dial.id] = Dialed(task, dial.tunnel, self._target(dial.tunnel))
            task.add_done_callback(partial(self._forget, dial.id))
        return bool(fresh)

    def _forget(self, number: int, _task: "asyncio.Task[None]") -> None:
        self.going.pop(number, None)

    def _target(self, tunnel: str) -> tuple[str, int] | None:
        return self.link.wishes.dialable(tunnel) if self.link.wishes else None

    async def _serve(self, dial: WantedDial) -> None:
        """Open both ends side by side, and pass on. An exception ends this one only."""
        reaching = asyncio.create_task(self._reach(dial))
        try:
            async with await open_line(self.url, await self._live(), dial.ticket, **self.trust) as line:
                await self._pass(line, reaching, {"trial": self._expect(dial)} if dial.trial else {})
        except (OSError, WebSocketException) as error:
            self.link.limits.mishaps.fault("passing on a dialed connection", error)
        except Exception as error:
            self.link.limits.mishaps.fault("dialing", error)
        finally:
            await _drop(reaching)

    async def _live(self) -> tuple[Place, ...]:
        """Look the live process up: once for all dials of one moment, since each look-up takes a thread."""
        if self._looking_up is None or self._looking_up.done():
            parts = urlsplit(self.url)
            port = parts.port or {"ws": 80, "wss": 443}[parts.scheme]
            self._looking_up = asyncio.create_task(_look_up(parts.hostname or "", port))
        return await asyncio.shield(self._looking_up)

    def _expect(self, dial: WantedDial) -> bool:
        """Let the port of the dial's tunnel expect its trial visit. Return False where it is not ours now: somebody else would hear the word."""
        forward = self.link.forwards.get(dial.tunnel)
        if forward is None or not forward.is_open:
            return False
        forward.trials.expect(dial.trial)
        return True

    async def _pass(self, line: ClientConnection, reaching: "asyncio.Task[Target]", facts: dict[str, object]) -> None:
        try:
            reader, writer, seconds = await asyncio.shield(reaching)
        except CannotDial as why:
            return await line.send(json.dumps({**facts, "fault": str(why)}))
        await line.send(json.dumps({**facts, "fault": "", "ms": round(1000 * seconds, 1)}))
        await pump(line, reader, writer)

    async def _reach(self, dial: WantedDial) -> Target:
        """Raises CannotDial."""
        target = self._target(dial.tunnel)
        if target is None:
            raise CannotDial("not_ours")
        if len(self.going) > MOST:
            raise CannotDial("too_many")
        began = time.monotonic()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(*target)
                return reader, writer, time.monotonic() - began
        except ConnectionRefusedError:
            raise CannotDial("refused") from None
        except OSError:  # TimeoutError is one
            raise CannotDial("no_answer") from None


async def _look_up(name: str, port: int) -> tuple[Place, ...]:
    return places(await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM))


async def _drop(reaching: "asyncio.Task[Target]") -> None:
    """Close the target's end, whether it is open already or not."""
    if not reaching.done():
        reaching.cancel()
    for end in await asyncio.gather(reaching, return_exceptions=True):
        if isinstance(end, tuple):
            end[1].close()
