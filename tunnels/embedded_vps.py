"""python -m tunnels.embedded_vps --data DIR --port P --first-port A --last-port B

Plays the VPS in a trial: an SSH server on loopback that does remote forwards within a range of ports, and nothing else.
Stand-alone but for tunnels.one_origin, since the portal is on this computer, too, and for how an agent counts files. A real VPS runs plain
OpenSSH; see deploy/vps/.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from functools import partial
from pathlib import Path

import asyncssh
from asyncssh.forward import SSHLocalPortForwarder
from asyncssh.listener import create_tcp_local_listener

from tunnels.agent.places import raise_limit
from tunnels.one_origin import CUT, PASS, verdict

HOST = "127.0.0.1"
# For a browser's request or a TLS greeting to be whole; other protocols, and silence, have no limit.
HEAD_SECONDS = 20.0


class Guarded(SSHLocalPortForwarder):
    """A visitor's connection. Its first bytes are checked before any goes to the machine; what the machine says goes out at once."""

    def __init__(self, conn: asyncssh.SSHServerConnection, port: int) -> None:
        super().__init__(conn, lambda make, *visitor: conn.create_connection(make, HOST, port, *visitor))
        self.port = port
        self.head: bytes | None = b""  # None: it may pass
        self.timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes, datatype: int | None = None) -> None:
        if self.head is None:
            super().data_received(data, datatype)
            return
        self.head += data
        found = verdict(self.head, self.port)
        if found == PASS:
            self._let_through()
        elif found is not None:
            self._refuse(b"" if found == CUT else found)
        elif self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(HEAD_SECONDS, self.close)

    def eof_received(self) -> bool:
        """Let through a head that ends half-way: it is no browser's request."""
        if self.head:
            self._let_through()
        return super().eof_received()

    # An exception in the next four would end the connection that all visitors share: asyncssh asserts that there is a socket,
    # and asyncio that nothing is written after the end.

    def write(self, data: bytes) -> None:
        with contextlib.suppress(RuntimeError):
            super().write(data)

    def write_eof(self) -> None:
        with contextlib.suppress(RuntimeError):
            super().write_eof()

    def pause_reading(self) -> None:
        if self._transport is not None:
            super().pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None:
            super().resume_reading()

    def close(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        super().close()

    async def _forward(self, *visitor: object) -> None:
        """Open the way to the machine; close it at once where the visitor has gone meanwhile."""
        await super()._forward(*visitor)
        if self._transport is None:
            self.close()

    def _let_through(self) -> None:
        head, self.head = self.head or b"", None
        if self.timer is not None:
            self.timer.cancel()
        super().data_received(head)

    def _refuse(self, answer: bytes) -> None:
        self.write(answer)
        self.close()


class OnlyForwards(asyncssh.SSHServer):
    """An SSH server that does remote forwards only: asyncssh refuses what is not overridden here (shells, commands, other forwards)."""

    def __init__(self, ports: range) -> None:
        self.ports = ports

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.conn = conn

    async def server_requested(self, listen_host: str, listen_port: int) -> asyncssh.SSHListener | bool:
        if listen_host != HOST or listen_port not in self.ports:
            return False
        make = partial(Guarded, self.conn, listen_port)
        loop = asyncio.get_running_loop()
        return await create_tcp_local_listener(self.conn, loop, make, listen_host, listen_port)


def ensure_key(path: Path) -> None:
    """Make a key pair once, its private half readable for us alone. Half a pair, left by a kill, is replaced."""
    public = path.with_name(path.name + ".pub")
    if path.exists() and public.exists():
        return
    key = asyncssh.generate_private_key("ssh-ed25519", comment="minga")
    fresh = path.with_name(path.name + ".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(key.export_private_key())
    public.write_bytes(key.export_public_key())
    fresh.rename(path)


async def serve(data: Path, port: int, ports: range) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    server = await asyncssh.listen(
        HOST,
        port,
        server_factory=lambda: OnlyForwards(ports),
        server_host_keys=[str(data / "host_key")],
        authorized_client_keys=str(data / "agent_key.pub"),
        config=None,
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_host=None,
        agent_forwarding=False,
        x11_forwarding=False,
        allow_pty=False,
        compression_algs=None,
        keepalive_interval=5,
        keepalive_count_max=3,
        login_timeout=15,
    )
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    print("ready", flush=True)
    await done.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="tunnels.embedded_vps", description="An SSH server on loopback for remote forwards."
    )
    parser.add_argument("--data", required=True, type=Path)
    for name in ("--port", "--first-port", "--last-port"):
        parser.add_argument(name, required=True, type=int)
    wish = parser.parse_args()
    raise_limit()  # each visitor costs one open file
    try:
        wish.data.mkdir(parents=True, exist_ok=True)
        for name in ("host_key", "agent_key"):
            ensure_key(wish.data / name)
    except OSError as error:
        sys.exit(f"tunnels.embedded_vps: cannot write to {wish.data}: {error.strerror}. Choose another --data folder.")
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(wish.data, wish.port, range(wish.first_port, wish.last_port + 1)))
    except OSError as error:
        sys.exit(f"tunnels.embedded_vps: port {wish.port} cannot be used: {error.strerror}. Choose another --port.")


if __name__ == "__main__":
    main()
