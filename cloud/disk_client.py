"""Read images for web: over a socket of this computer from `cloud.disk_server`, which holds the cloud's password.

The portal decides before who may read. The owner and mode of the socket's folder decide which process may open it.
"""

import os
import socket
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Protocol

import httpx

from cloud.contract import CloudBusy, CloudError, CloudGone, CloudRefused

CONNECT_SECONDS = 2.0
READ_SECONDS = 45.0  # without a byte; longer than the clouds' clients wait, so that their reason reaches us
CHUNK_BYTES = 256 * 1024  # in memory at once
LONGEST_ADDRESS = 100  # bytes; the kernel takes 107
# The server's answer for each error, and back.
STATUS: list[tuple[type[CloudError], int]] = [(CloudGone, 404), (CloudBusy, 503), (CloudRefused, 422)]


class Reader(Protocol):
    """The part of the cloud's contract that web needs."""

    def read_image(self, image_id: str, start: int = 0, length: int | None = None) -> Iterator[bytes]: ...


class DiskClient:
    """Blocking and safe to share: each reading has a connection of its own."""

    def __init__(self, place: Path) -> None:
        self._socket = place

    def read_image(self, image_id: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield an image's bytes from `start` on; errors as in the contract. A server that ends half-way is CloudBusy: ask on from there."""
        where = {"start": str(start), **({} if length is None else {"length": str(length)})}
        try:
            with self._open() as door, door.stream("GET", f"/images/{image_id}", params=where) as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise _problem(answer)
                yield from answer.iter_raw(CHUNK_BYTES)
        except (httpx.HTTPError, OSError) as error:
            raise CloudBusy(f"The process that reads disks broke off: {error!r}", retry_after=1) from error

    def is_there(self, seconds: float) -> bool:
        """Return whether the process answers within this time. Asks nothing of the cloud."""
        try:
            with self._open(seconds) as door:
                return door.get("/healthz").is_success
        except (httpx.HTTPError, OSError):
            return False

    def _open(self, seconds: float = READ_SECONDS) -> httpx.Client:
        """Open a connection. Raises OSError where nobody listens: tried with a socket of our own, since httpcore would leave its socket open."""
        with socket.socket(socket.AF_UNIX) as trial:
            trial.settimeout(min(seconds, CONNECT_SECONDS))
            trial.connect(address(self._socket))
        # No TLS: it would cost a context each time.
        transport = httpx.HTTPTransport(uds=address(self._socket), verify=False)
        timeout = httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))
        return httpx.Client(base_url="http://disks", transport=transport, timeout=timeout, trust_env=False)


def address(place: Path) -> str:
    """Return a name of the socket that is short enough for the kernel, however deep its folder is (as with make run)."""
    if len(os.fsencode(place)) <= LONGEST_ADDRESS:
        return str(place)
    return f"/proc/self/fd/{_opened(place.parent)}/{place.name}"


@cache
def _opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


def _problem(answer: httpx.Response) -> CloudError:
    kind = next((kind for kind, status in STATUS if status == answer.status_code), CloudRefused)
    return kind(answer.text[:500])
