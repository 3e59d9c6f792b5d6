"""Connections to machines, for a worker: direct where we reach the guest ourselves, else by an agent.

Within the live process `portal.live.dials` does the same for a person, without a websocket to itself.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from accounts.models import User
from tunnels import dial_actions
from tunnels.agent.protocol import DIAL_SECONDS, SSH_PORT
from tunnels.models import Dial, Tunnel
from tunnels.pump import Place, open_line, places, pump, reach
from tunnels.states import Wanted


class DialFailed(OSError):
    """No connection; `fault` says why: one of FAULTS."""

    # The target's own faults are those of tunnels.agent.dialing.
    FAULTS = ("refused", "no_answer", "not_ours", "too_many", "agent_away", "live_away")

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault if fault in self.FAULTS else "no_answer"


@dataclass(frozen=True, slots=True)
class Way:
    """A place to connect to: straight to `target`, or at the live process (`live`) to whoever comes there for `key`, with this ticket."""

    target: tuple[str, int] | None = None
    key: UUID | None = None
    ticket: str = ""
    live: tuple[Place, ...] = ()  # looked up already, since an event loop needs a thread for it; () = no such name


def way_to(*, tunnel_id: UUID, by: User | None) -> Way:
    """Return a way to a tunnel's target, good for some seconds and once. by=None: for the portal itself. Raises NotDialable, AgentAway."""
    if settings.CLOUD == "local":  # its guests are ports of this computer
        tunnel = Tunnel.objects.live().filter(pk=tunnel_id, wanted=Wanted.OPEN).select_related("owner").first()
        if tunnel and tunnel.target_host and tunnel.may_open:
            dial_actions.note(tunnel.holder, tunnel.target_port, by, "direct")
            return Way(target=(tunnel.target_host, tunnel.reach_port or tunnel.target_port))
    return way_of(dial_actions.dial(tunnel_id=tunnel_id, by=by))


def way_to_ssh(*, holder: UUID, owner: User, address: str, reach_port: int | None = None, by: User | None) -> Way:
    """Return a way to a running machine's ssh, also where it has no tunnel for it. Raises NotDialable, AgentAway.

    reach_port: where port 22 of a guest of this computer is. Whether the machine runs at `address`, the caller knows.
    """
    is_ssh = Q(scheme="ssh") | Q(target_port=SSH_PORT)
    tunnel = Tunnel.objects.of(holder).filter(is_ssh, wanted=Wanted.OPEN).first()
    if tunnel:
        return way_to(tunnel_id=tunnel.pk, by=by)
    if settings.CLOUD == "local" and address and owner.is_active:
        dial_actions.note(holder, SSH_PORT, by, "direct")
        return Way(target=(address, reach_port or SSH_PORT))
    return way_of(dial_actions.dial_ssh(holder=holder, owner=owner, address=address, by=by))


def way_of(asked: Dial) -> Way:
    """Return the asker's half of a dial: its ticket, and where the live process is. Looks its name up, so it may wait for DNS."""
    return Way(key=asked.key, ticket=asked.ticket("asker"), live=_live())


def _live() -> tuple[Place, ...]:
    parts = urlsplit(settings.LIVE_INSIDE)
    try:
        return places(socket.getaddrinfo(parts.hostname, parts.port or parts.scheme, type=socket.SOCK_STREAM))
    except OSError:
        return ()


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
    try:
        return await reach([(socket.AF_INET6 if ":" in target[0] else socket.AF_INET, target)])
    except OSError as error:
        raise DialFailed("refused" if isinstance(error, ConnectionRefusedError) else "no_answer") from None


@contextlib.asynccontextmanager
async def _passed_on(way: Way) -> AsyncIterator[socket.socket]:
    # Imported where it is needed: only workers dial, and each process of the site would load it.
    from websockets.exceptions import WebSocketException

    url = f"ws{settings.LIVE_INSIDE.removeprefix('http')}/live/dial"
    async with contextlib.AsyncExitStack() as stack:
        try:
            line = await stack.enter_async_context(await open_line(url, way.live, way.ticket))
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
    """Say whether the live process waited for an agent in vain."""
    return getattr(getattr(error, "rcvd", None), "reason", "") == "alone"
