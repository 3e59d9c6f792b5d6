"""Network namespaces of our own, and the few ways that lead out of them: sockets of this process, nothing else."""

import asyncio
import contextlib
import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

CLONE_NEWNET = 0x40000000
HEAD_BYTES = 65536
T = TypeVar("T")


class Namespace:
    """Empty but for its loopback, until it is wired to another."""

    def __init__(self, name: str) -> None:
        self.name, self.path = name, Path("/run/netns") / name
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")

    def wire(self, other: "Namespace", here: str, there: str) -> None:
        """A cable between two namespaces, with an address at each end."""
        ends = (self, here, "to-other"), (other, there, "to-other")
        ip(
            "link",
            "add",
            "to-other",
            "netns",
            self.name,
            "type",
            "veth",
            "peer",
            "name",
            "to-other",
            "netns",
            other.name,
        )
        for namespace, address, device in ends:
            ip("-n", namespace.name, "address", "add", f"{address}/24", "dev", device)
            ip("-n", namespace.name, "link", "set", device, "up")

    def remove(self) -> None:
        subprocess.run(["ip", "netns", "delete", self.name], capture_output=True, check=False)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def inside(namespace: Path | None, make: Callable[[], T]) -> T:
    """Call `make` in a thread that has entered the namespace. A socket made there stays in it; this process does not."""
    made: list[T] = []

    def enter() -> None:
        if namespace:
            with namespace.open() as file:
                if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        made.append(make())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return made[0]


class Ways:
    """Listens on a namespace's loopback, and answers from elsewhere."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def forward(self, namespace: Path | None, port: int, to: tuple[str, int], of: Path | None = None) -> int:
        """127.0.0.1:port of the namespace leads to an address of the namespace `of`. None is the host; port 0 is any that is free."""

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _join(reader, writer, to, of)

        return self._listen(namespace, port, handle)

    def proxy(self, namespace: Path, port: int) -> None:
        """A proxy as many a university has one: the way from the namespace to the package registries."""
        self._listen(namespace, port, _serve_proxy)

    def _listen(self, namespace: Path | None, port: int, handle: Callable[..., Awaitable[None]]) -> int:
        door = inside(namespace, lambda: socket.create_server(("127.0.0.1", port)))
        asyncio.run_coroutine_threadsafe(asyncio.start_server(handle, sock=door), self._loop).result(10)
        return int(door.getsockname()[1])


async def _serve_proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """CONNECT is answered here; whatever else names its whole address, which every server of HTTP/1.1 understands."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        writer.close()
        return
    method, target, _version = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
    beyond = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY")
    if beyond:  # this host stands behind one itself
        there = urlsplit(beyond)
        await _join(reader, writer, (there.hostname or "", there.port or 3128), first=head)
    elif method == "CONNECT":
        host, _sign, port = target.rpartition(":")
        await _join(reader, writer, (host, int(port)), greeting=b"HTTP/1.1 200 OK\r\n\r\n")
    else:
        address = urlsplit(target)
        await _join(reader, writer, (address.hostname or "", address.port or 80), first=head)


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    to: tuple[str, int],
    of: Path | None = None,
    *,
    first: bytes = b"",
    greeting: bytes = b"",
) -> None:
    try:
        door = await asyncio.to_thread(inside, of, lambda: socket.create_connection(to, timeout=20))
        door.setblocking(False)
        far_reader, far_writer = await asyncio.open_connection(sock=door)
    except (OSError, IndexError):  # IndexError: the thread that should have connected could not
        writer.close()
        return
    writer.write(greeting)
    far_writer.write(first)
    await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
    for end in (far_writer, writer):
        end.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(HEAD_BYTES):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
