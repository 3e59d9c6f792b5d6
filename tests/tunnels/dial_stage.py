"""Dialing for real: web, a live process, an agent before the embedded VPS, and what stands behind its tunnels."""

import asyncio
import contextlib
import sys
import threading
import uuid
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from django.core.asgi import get_asgi_application

from accounts.models import User
from lib.schemes import Service
from machines.models import Machine
from portal.live import dial_sides, dials
from portal.live.entry import Entry
from tests.factories import make_template
from tests.live.process import LiveProcess, session_of
from tests.ports import free_port
from tests.tunnels.agent_stage import Program, Vps
from tests.tunnels.gateway_rows import gateway
from tests.tunnels.targets import HERE
from tests.tunnels.tls_proxies import Proxy
from tests.waiting import PATIENCE, until
from tunnels import dial_actions, dialing
from tunnels.actions import open_all, reserve
from tunnels.dialing import connected, way_to
from tunnels.models import Gateway, Tunnel

PORTS = 4  # of one test
# Fifty at once, on a busy computer. Less than the agent remembers a dial's number.
dial_actions.DIAL_SECONDS = dialing.DIAL_SECONDS = dial_sides.DIAL_SECONDS = dials.DIAL_SECONDS = 50
T = TypeVar("T")


@contextlib.contextmanager
def web() -> Iterator[int]:
    """The site at a port of ours."""
    port = free_port()
    config = uvicorn.Config(
        get_asgi_application(), HERE, port, log_level="error", lifespan="off", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield port
    server.should_exit = True
    thread.join()


class DialStage:
    """A gateway whose agent follows what the database says, and a live process."""

    def __init__(
        self, row: Gateway, live: LiveProcess, agent: Program, student: User, proxy: Proxy | None = None
    ) -> None:
        self.gateway, self.live, self.agent, self.student, self.proxy = row, live, agent, student, proxy

    @property
    def dials(self) -> Any:
        return self.live.server.config.app.dials

    def tunnel(self, port: int) -> Tunnel:
        """A tunnel to a port of this computer, of which the agent knows."""
        holder = uuid.uuid4()
        tunnel = reserve(holder=holder, owner=self.student, services=[Service("tcp", port, "tcp")], by=self.student)[0]
        open_all(holder=holder, address=HERE)
        until(lambda: Tunnel.objects.get(pk=tunnel.pk).state == "open")
        return tunnel

    def machine(self, tunnel: Tunnel) -> Machine:
        """The student's machine that has this tunnel."""
        return machine_of(tunnel.holder, self.student)

    def in_live(self, work: Coroutine[Any, Any, T], seconds: float = PATIENCE) -> T:
        """Run it in the live process's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self.live.loop).result(seconds)


def machine_of(holder: uuid.UUID, owner: User, **facts: Any) -> Machine:
    """A running machine that holds what is already there."""
    facts = {"state": "running", "wanted": "running", "name": f"m-{holder.hex[:8]}", "address": HERE, **facts}
    return Machine.objects.create(pk=holder, owner=owner, template=make_template(), **facts)


def entry_of(person: User) -> Entry:
    """A person who is signed in."""
    return Entry(person, "session", session_of(person), person.get_session_auth_hash())


@contextlib.contextmanager
def dial_stage(vps: Vps, folder: Path, live: LiveProcess, student: User, *, proxied: str = "") -> Iterator[DialStage]:
    """`proxied`: nginx or caddy, through which the agent comes to both."""
    first = vps.take(PORTS)
    host_key = (vps.folder / "host_key.pub").read_text().strip()
    facts = {"ssh_port": vps.port, "host_key": host_key, "bind_address": HERE, "token": "sesame"}
    row = gateway(first=first, last=first + PORTS - 1, **facts)
    (folder / "token").write_text("sesame")
    with web() as port, contextlib.ExitStack() as stack:
        proxy = Proxy(proxied, folder / proxied, web=port, live=live.port) if proxied else None
        if proxy:
            stack.callback(proxy.stop)
        where = ["--portal", proxy.url] if proxy else ["--portal", f"http://{HERE}:{port}", "--live", live.url]
        command = [sys.executable, "-m", "tunnels.agent", *where, "--token-file", str(folder / "token")]
        command += ["--key-file", str(vps.folder / "agent_key")]
        agent = Program(command, folder / "log", proxy.environment if proxy else None)
        stack.callback(agent.kill)
        yield DialStage(row, live, agent, student, proxy)


def as_worker(tunnel: Tunnel, use: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, T]]) -> T:
    """Dial as a worker does: rows first, then an event loop of its own."""
    way = way_to(tunnel_id=tunnel.pk, by=None)

    async def go() -> T:
        async with asyncio.timeout(PATIENCE), connected(way) as sock:
            reader, writer = await asyncio.open_connection(sock=sock)
            try:
                return await use(reader, writer)
            finally:
                writer.close()

    return asyncio.run(go())


def echo_of(data: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, bytes]]:
    """Say all of it, and read to the end."""

    async def use(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        async def say() -> None:
            writer.write(data)
            await writer.drain()
            writer.write_eof()

        answer, _nothing = await asyncio.gather(reader.read(-1), say())
        writer.close()
        return answer

    return use
