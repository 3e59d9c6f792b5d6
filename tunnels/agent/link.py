"""The one SSH connection to the gateway, and the ports on it."""

import asyncio
import contextlib
import logging
import random
import socket
import time
from collections.abc import Awaitable, Iterable
from typing import Any

import asyncssh
from asyncssh.constants import MSG_IGNORE

from tunnels.agent.forward import SLOWEST_RETRY, Forward
from tunnels.agent.protocol import GatewayAddress
from tunnels.agent.waiting import Limits
from tunnels.agent.wishes import Wish, Wishes

log = logging.getLogger("agent")
CONNECT_SECONDS = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0  # seconds between two tries
STEADY_SECONDS = 1.0  # a connection that ends sooner is opened again after the first pause, not at once
AT_ONCE = 100  # wishes on the wire
# AES-GCM costs asyncssh half of what it prefers (one call for a packet, and the processor helps); none of these is CBC.
CIPHERS = [
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes128-ctr",
]


def jitter(pause: float) -> float:
    """Vary a pause: agents that lost the same portal must not come back in one moment."""
    return pause * random.uniform(0.5, 1.0)


class Link:
    """Follows wishes. `error` is why there is no connection: see why(); '' when there is one; None before the first try."""

    def __init__(self, key: asyncssh.SSHKey, limits: Limits) -> None:
        self.key, self.limits = key, limits
        self.wishes: Wishes | None = None
        self.applied = -1  # the revision that is followed
        self.forwards: dict[str, Forward] = {}
        self.ended: dict[str, Forward] = {}  # closed, with counts that were not told yet
        self.error: str | None = None
        self.changed = asyncio.Event()  # there is something to tell
        self._todo = asyncio.Event()
        self._ssh: asyncssh.SSHClientConnection | None = None

    async def follow(self, wishes: Wishes) -> None:
        """Close what is no longer wished, then take in the rest. Ends when the former is done."""
        if self.wishes and self.wishes.gateway != wishes.gateway and self._ssh:
            self._ssh.abort()
        self.wishes = wishes
        leaving = [
            forward
            for key, forward in self.forwards.items()
            if key not in wishes.tunnels or wishes.tunnels[key].port != forward.wish.port
        ]
        for forward in leaving:
            self.ended[forward.wish.id] = self.forwards.pop(forward.wish.id)
        await _bounded(forward.close() for forward in leaving)
        for key, wish in wishes.tunnels.items():
            if key in self.forwards:
                self.forwards[key].follow(wish)
            else:
                self.forwards[key] = self._begin(wish)
        self.applied = wishes.revision
        self._todo.set()
        self.changed.set()

    def _begin(self, wish: Wish) -> Forward:
        forward = Forward(wish, self.changed, self.limits)
        if before := self.ended.pop(wish.id, None):  # the same tunnel on another port: its counts go on
            forward.counts = before.counts
        return forward

    async def run(self) -> None:
        """Keep the connection, for ever. Only an attempt that failed makes the next pause longer."""
        pause = FIRST_PAUSE
        while True:
            address = await self._wait_for_address()
            try:
                lasted = await self._connect_and_serve(address)
            finally:
                self._lose()
            if lasted is None:
                await asyncio.sleep(jitter(pause))
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                pause = FIRST_PAUSE
                await asyncio.sleep(0 if lasted > STEADY_SECONDS else jitter(pause))

    async def _wait_for_address(self) -> GatewayAddress:
        while self.wishes is None:
            await self._todo.wait()
            self._todo.clear()
        return self.wishes.gateway

    def _lose(self) -> None:
        self._ssh = None
        for forward in self.forwards.values():
            forward.lose()
        self.changed.set()

    async def _connect_and_serve(self, address: GatewayAddress) -> float | None:
        """Connect and serve. Return for how many seconds there was a connection; None when there was none."""
        watcher = Watcher()
        try:
            async with asyncio.timeout(CONNECT_SECONDS + 5):
                self._ssh = await self._connect(address, watcher)
        except Exception as error:
            self.error = why(error)
            log.warning("gateway %s:%s: %s", address.ssh_host, address.ssh_port, str(error) or "no answer in time")
            return None
        began = time.monotonic()
        _lighten(self._ssh)
        self.error = ""
        self.changed.set()
        log.info("connected to gateway %s:%s", address.ssh_host, address.ssh_port)
        try:
            async with self._ssh:
                await self._serve(self._ssh, address.bind_address)
        except Exception as error:  # the next connection may do better; the agent itself goes on
            self.limits.mishaps.fault("serving the gateway", error)
        self.error = "unreachable"
        lasted = time.monotonic() - began
        self.limits.mishaps.lose_link()
        log.warning(
            "the connection to gateway %s:%s is gone after %.1f s: %s", address.ssh_host, address.ssh_port, lasted, watcher.why,
            exc_info=watcher.mistake,
        )  # fmt: skip
        return lasted

    async def _connect(self, address: GatewayAddress, watcher: "Watcher") -> asyncssh.SSHClientConnection:
        return await asyncssh.connect(
            address.ssh_host,
            address.ssh_port,
            client_factory=lambda: watcher,
            username=address.user,
            client_keys=[self.key],
            known_hosts=([asyncssh.import_public_key(address.host_key)], [], []),
            preferred_auth="publickey",
            config=None,
            agent_path=None,
            # Else it looks into ~/.ssh, and the unit's ProtectHome answers "permission denied" there.
            x509_trusted_certs=None,
            x509_trusted_cert_paths=[],
            encryption_algs=CIPHERS,
            compression_algs=None,
            keepalive_interval=5,
            keepalive_count_max=3,
            connect_timeout=CONNECT_SECONDS,
            login_timeout=CONNECT_SECONDS,
        )

    async def _serve(self, ssh: asyncssh.SSHClientConnection, bind_address: str) -> None:
        """Open what is to be opened until the connection ends."""
        gone = asyncio.create_task(ssh.wait_closed())
        try:
            while not gone.done():
                self._todo.clear()
                now = time.monotonic()
                due = [f for f in self.forwards.values() if not f.is_open and f.retry_at <= now]
                await _bounded(forward.open(ssh, bind_address) for forward in due)
                todo = asyncio.create_task(self._todo.wait())
                await asyncio.wait({gone, todo}, timeout=self._until_retry(), return_when=asyncio.FIRST_COMPLETED)
                todo.cancel()
        finally:
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError, asyncssh.Error, OSError):
                await gone

    def _until_retry(self) -> float:
        """Seconds until the next refused port is due."""
        due = [f.retry_at for f in self.forwards.values() if not f.is_open]
        return min(max(min(due, default=0.0) - time.monotonic(), 0.05), SLOWEST_RETRY) if due else SLOWEST_RETRY


class Watcher(asyncssh.SSHClient):
    """Keeps the reason for which a connection ended."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        self.error = exc

    @property
    def why(self) -> str:
        if self.error is None:
            return "it was closed"
        return f"{type(self.error).__name__}: {self.error}"

    @property
    def mistake(self) -> Exception | None:
        """Return the error where neither the network nor the gateway brought it about: a mistake of ours, whose trace is wanted."""
        return None if isinstance(self.error, asyncssh.Error | OSError) else self.error


def _lighten(ssh: asyncssh.SSHClientConnection) -> None:
    """Leave out the empty packets that asyncssh puts before each that it sends, against a weakness of CBC: half of all its work for small ones."""
    usual = ssh.send_packet

    def send_packet(kind: int, *parts: bytes, handler: Any = None) -> None:
        if kind != MSG_IGNORE:
            usual(kind, *parts, handler=handler)

    ssh.send_packet = send_packet  # type: ignore[method-assign, assignment]


def why(error: Exception) -> str:
    """Name the reason for which there is no connection: unknown_name, unreachable, host_key or denied."""
    if isinstance(error, socket.gaierror):
        return "unknown_name"
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return "host_key"
    return "denied" if isinstance(error, asyncssh.PermissionDenied) else "unreachable"


async def _bounded(jobs: Iterable[Awaitable[None]]) -> None:
    """Run them, some at once, until all are done."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(job: Awaitable[None]) -> None:
        async with room:
            await job

    await asyncio.gather(*(one(job) for job in jobs))
