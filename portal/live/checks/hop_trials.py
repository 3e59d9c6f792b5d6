"""The tries on the way to a port: a name, a public port, what comes back through it. Each ends within its own time and sends next to nothing."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from portal.live.checks.hop_diagnosis import BANNERS, Tried
from tunnels import dialing
from tunnels.agent.protocol import trial_answer
from tunnels.dialing import DialFailed
from tunnels.pump import Place, places, reach

NAME_SECONDS = 3.0
PORT_SECONDS = 2.5
ECHO_SECONDS = 2.5
BANNER_SECONDS = 2.5
GREETING_SECONDS = 0.3  # in which a forwarder before nothing hangs up
NO_ADDRESS = (socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_ADDRFAMILY)
# A look-up that hangs keeps its thread for longer than we wait, so these have threads of their own.
_lookers = ThreadPoolExecutor(4, thread_name_prefix="names")


def is_literal(host: str) -> bool:
    """Say whether this is an address and no name."""
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    return False


async def look_up(host: str, port: int) -> tuple[Tried, tuple[Place, ...]]:
    began = monotonic()
    ask = asyncio.get_running_loop().run_in_executor(_lookers, _look_up, host, port)
    try:
        async with asyncio.timeout(NAME_SECONDS):
            found = places(await ask)
    except UnicodeError:  # no name can be so
        return Tried("no_address"), ()
    except OSError as error:  # TimeoutError is one
        return Tried("no_address" if _is_denied(error) else "name_unheard"), ()
    return Tried("" if found else "no_address", _since(began)), found


def _is_denied(error: OSError) -> bool:
    """Say whether a name server has said that there is no such address. All else is no answer: of a slow one, or of one that fails."""
    return isinstance(error, socket.gaierror) and error.errno in NO_ADDRESS


def _look_up(
    host: str, port: int
) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[object, ...]]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)  # type: ignore[return-value]


@contextlib.asynccontextmanager
async def visiting(where: Sequence[Place]) -> AsyncIterator[tuple[Tried, socket.socket | None]]:
    """Connect to a public port. Nothing is sent."""
    began = monotonic()
    try:
        async with asyncio.timeout(PORT_SECONDS):
            sock = await reach(where)
    except OSError as error:  # TimeoutError is one
        yield Tried("refused" if isinstance(error, ConnectionRefusedError) else "no_answer"), None
        return
    with sock:
        yield Tried("", _since(began)), sock


async def echo(sock: socket.socket, word: str) -> Tried:
    """Say the word of a trial at a public port; the agent behind it knows the answer."""
    began, loop, right = monotonic(), asyncio.get_running_loop(), trial_answer(word)
    said = b""
    try:
        async with asyncio.timeout(ECHO_SECONDS):
            await loop.sock_sendall(sock, word.encode())
            while len(said) < len(right) and (more := await loop.sock_recv(sock, len(right) - len(said))):
                said += more
    except TimeoutError:
        return Tried("mute")
    except OSError:
        return Tried("hung_up")
    return Tried("" if said == right else "other", _since(began))


async def has_ssh(where: tuple[str, int]) -> bool | None:
    """Say whether an SSH server answers there. None: no name server says where that is."""
    tried, found = await look_up(*where)
    if tried.fault:
        return None if tried.fault == "name_unheard" else False
    async with visiting(found) as (visit, sock):
        return sock is not None and not visit.fault and not (await greeting(sock, "ssh")).fault


async def greeting(sock: socket.socket, scheme: str) -> Tried:
    """Hear what a service says first. Nothing is sent, and no more is read than tells its kind: what a guest says may never end."""
    began, loop, banner = monotonic(), asyncio.get_running_loop(), BANNERS.get(scheme, b"")
    sock.setblocking(False)
    said = b""
    try:
        async with asyncio.timeout(BANNER_SECONDS if banner else GREETING_SECONDS):
            while len(said) < max(1, len(banner)):
                if not (more := await loop.sock_recv(sock, max(1, len(banner)) - len(said))):
                    return Tried("hung_up")
                said += more
    except TimeoutError:
        return Tried("mute") if banner else Tried()
    except OSError:
        return Tried("hung_up")
    if not said.startswith(banner):
        return Tried("other")
    return Tried("", _since(began) if banner else None)


@contextlib.asynccontextmanager
async def straight(target: tuple[str, int]) -> AsyncIterator[tuple[Tried, socket.socket | None]]:
    """Connect to a guest that this process reaches itself."""
    began = monotonic()
    try:
        sock = await dialing.straight(target)
    except DialFailed as error:
        yield Tried(error.fault), None
        return
    with sock:
        yield Tried("", _since(began)), sock


def _since(began: float) -> float:
    return round(1000 * (monotonic() - began), 1)
