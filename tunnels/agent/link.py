"""The one SSH connection to the gateway, and the ports on it."""

import asyncio
import contextlib
import logging
import math
import random
import socket
import time
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
    """The connection, which follows wishes. `error`: why there is none (see why()); '' while there is one; None before the first try."""

    def __init__(self, key: asyncssh.SSHKey, limits: Limits) -> None:
        self.key, self.limits = key, limits
        self.wishes: Wishes | None = None
        self.applied = -1  # the revision that is followed
        self.forwards: dict[str, Forward] = {}
        self.ended: dict[str, Forward] = {}  # closed, with counts that were not reported yet
        self.error: str | None = None
        self.changed = asyncio.Event()  # there is something to report
        self._todo = asyncio.Event()  # a new wish, or the connection is lost
        self._ssh: asyncssh.SSHClientConnection | None = None

    async def follow(self, wishes: Wishes) -> None:
        """Close what is no longer wished, then take in the rest. Ends when the former is done."""
        if self.wishes and self.wishes.gateway != wishes.gateway and self._ssh:
            self._ssh.abort()
        self.wishes = wishes
        leaving = []
        for key, forward in list(self.forwards.items()):
            if key not in wishes.tunnels or wishes.tunnels[key].port != forward.wish.port:
                self.ended[key] = self.forwards.pop(key)
                leaving.append(forward)
        await asyncio.gather(*(forward.close() for forward in leaving))
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
            while self.wishes is None:
                await self._todo.wait()
                self._todo.clear()
            try:
                lasted = await self._connect_and_serve(self.wishes.gateway)
            finally:
                self._lose()
            if lasted is None:
                await asyncio.sleep(jitter(pause))
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                pause = FIRST_PAUSE
                await asyncio.sleep(0 if lasted > STEADY_SECONDS else jitter(pause))

    def _lose(self) -> None:
        self._ssh = None
        for forward in self.forwards.values():
            forward.lose()
        self.changed.set()

    async def _connect_and_serve(self, address: GatewayAddress) -> float | None:
        """Connect and serve. Return for how many seconds there was a connection; None when there was none."""
        watcher = Watcher(self._todo)
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
                await self._serve(self._ssh, address.bind_address, watcher)
        except Exception as error:  # the next connection may do better; the agent itself goes on
            self.limits.mishaps.fault("serving the gateway", error)
        self.error = "unreachable"
        lasted = time.monotonic() - began
        self.limits.mishaps.lose_link()
        gone = "the connection to gateway %s:%s is gone after %.1f s: %s"
        log.warning(gone, address.ssh_host, address.ssh_port, lasted, watcher.why, exc_info=watcher.mistake)
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
            # By default asyncssh looks into ~/.ssh, where the unit's ProtectHome answers "permission denied".
            x509_trusted_certs=None,
            x509_trusted_cert_paths=[],
            encryption_algs=CIPHERS,
            compression_algs=None,
            keepalive_interval=5,
            keepalive_count_max=3,
            connect_timeout=CONNECT_SECONDS,
            login_timeout=CONNECT_SECONDS,
        )

    async def _serve(self, ssh: asyncssh.SSHClientConnection, bind_address: str, watcher: "Watcher") -> None:
        """Open the ports that are wanted, until the connection ends."""
        while not watcher.is_lost:
            self._todo.clear()
            now = time.monotonic()
            due = [forward for forward in self.forwards.values() if not forward.is_open and forward.retry_at <= now]
            await asyncio.gather(*(forward.open(ssh, bind_address) for forward in due))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._until_retry()):
                    await self._todo.wait()

    def _until_retry(self) -> float:
        """Return the seconds until the next refused port is due."""
        due = min((forward.retry_at for forward in self.forwards.values() if not forward.is_open), default=math.inf)
        return min(max(due - time.monotonic(), 0.05), SLOWEST_RETRY)


class Watcher(asyncssh.SSHClient):
    """Notice the end of the connection, and keep its reason."""

    def __init__(self, todo: asyncio.Event) -> None:
        self.todo = todo
        self.is_lost = False
        self.error: Exception | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost, self.error = True, exc
        self.todo.set()

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
    """Leave out the empty packet that asyncssh puts before each of its own against a weakness of CBC: half of its work for small ones."""
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
