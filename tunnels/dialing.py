"""Connections to the targets of tunnels, for a worker: direct where we reach the guest ourselves, else by its tunnel's agent.

Within the live process `portal.live.dials` does the same without a websocket to itself.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from accounts.models import User
from tunnels.actions import dial
from tunnels.agent.pump import LINE_OPTIONS, pump
from tunnels.models import DIAL_SECONDS, Tunnel
from tunnels.states import Wanted

DIRECT_SECONDS = 2.0


class DialFailed(OSError):
    """No connection; `fault` says why: one of FAULTS."""

    # The target's own faults are those of tunnels.agent.dialing.
    FAULTS = ("refused", "no_answer", "not_ours", "too_many", "agent_away", "live_away")

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault if fault in self.FAULTS else "no_answer"


@dataclass(frozen=True, slots=True)
class Way:
    """Where to connect: straight to `target`, or to whoever comes to the live process for `key`, with this ticket."""

    target: tuple[str, int] | None = None
    key: UUID | None = None
    ticket: str = ""


def way_to(*, tunnel_id: UUID, by: User | None) -> Way:
    """Return a way to a tunnel's target, good for some seconds and once. Raises NotDialable, AgentAway."""
    if settings.CLOUD == "local":  # its guests are ports of this computer
        tunnel = Tunnel.objects.live().filter(pk=tunnel_id, wanted=Wanted.OPEN).select_related("owner").first()
        if tunnel and tunnel.target_host and tunnel.may_open:
            return Way(target=(tunnel.target_host, tunnel.reach_port or tunnel.target_port))
    asked = dial(tunnel_id=tunnel_id, by=by)
    return Way(key=asked.key, ticket=asked.ticket("asker"))


@contextlib.asynccontextmanager
async def connected(way: Way) -> AsyncIterator[socket.socket]:
    """Give a connected socket, for asyncio.open_connection(sock=…) or asyncssh.connect("guest", sock=…). Raises DialFailed.

    What was made of it must be closed before the end: then the connection is cut. asyncssh needs some name, since the socket has none.
    """
    if way.target:
        with await straight(way.target) as sock:
            yield sock
    else:
        async with _passed_on(way) as sock:
            yield sock


async def straight(target: tuple[str, int]) -> socket.socket:
    """Connect to an address. Raises DialFailed."""
    sock = socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET)
    sock.setblocking(False)
    try:
        async with asyncio.timeout(DIRECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(sock, target)
    except OSError as error:
        sock.close()
        raise DialFailed("refused" if isinstance(error, ConnectionRefusedError) else "no_answer") from None
    return sock


@contextlib.asynccontextmanager
async def _passed_on(way: Way) -> AsyncIterator[socket.socket]:
    # Imported where it is needed: only workers dial, and each process of the site would load it.
    from websockets.asyncio.client import connect
    from websockets.exceptions import WebSocketException

    url = f"ws{settings.LIVE_INSIDE.removeprefix('http')}/live/dial"
    head = {"Authorization": f"Dial {way.ticket}"}
    async with contextlib.AsyncExitStack() as stack:
        try:
            line = await stack.enter_async_context(connect(url, additional_headers=head, **LINE_OPTIONS))
            async with asyncio.timeout(DIAL_SECONDS + 5):
                fault = read_first(await line.recv())
        except (OSError, WebSocketException) as error:
            raise DialFailed("agent_away" if _is_alone(error) else "live_away") from None
        if fault:
            raise DialFailed(fault)
        ours, theirs = socket.socketpair()
        stack.callback(theirs.close)
        passing = asyncio.create_task(pump(line, *await asyncio.open_connection(sock=ours)))
        try:
            yield theirs
        finally:
            theirs.close()
            passing.cancel()
            await asyncio.gather(passing, return_exceptions=True)


def read_first(frame: object) -> str:
    """Return the fault that an agent's first frame tells; '' if it is connected."""
    try:
        return str(json.loads(str(frame))["fault"])[:64]
    except (ValueError, KeyError, TypeError):
        return "no_answer"


def _is_alone(error: Exception) -> bool:
    """Whether the live process waited for an agent in vain."""
    return getattr(getattr(error, "rcvd", None), "reason", "") == "alone"
