"""`python -m cloud.disk_server --socket FILE`: read images out of the cloud for web, which does not have the cloud's password.

The process holds a credential of the cloud and nothing else: no database, no Redis, no SECRET_KEY. Nothing is stored: the next chunk is fetched
when the one before was taken, so a slow reader holds one chunk in memory, no thread, and one connection to the cloud. (docs/adr/0068)
"""

import argparse
import asyncio
import logging
import logging.config
import os
import re
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from cloud.contract import CloudBusy, CloudError, CloudRefused
from cloud.disk_client import STATUS, DiskClient, Reader, address
from lib import logs

log = logging.getLogger("cloud.disk_server")
T = TypeVar("T")

MOST = 200  # readings at once
MOST_OF_ONE = 4  # of one image: a person's download manager
# After this long without a taker for the next chunk, the cloud's connection is given back. Web asks on when its reader goes on.
STALLED_SECONDS = 600.0
DRAIN_SECONDS = 2  # for open readings after SIGTERM: web takes them up again
AN_IMAGE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,99}\Z")
A_NUMBER = re.compile(r"\d{1,18}\Z")
MANY = "So many downloads are open just now."


class DiskServer:
    """The server's state: the cloud, and how many read which image."""

    def __init__(self, cloud: Reader) -> None:
        self.cloud = cloud
        self._threads = ThreadPoolExecutor(32, "read")
        self._open: Counter[str] = Counter()

    async def in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def read(self, request: Request) -> Response:
        """Return the bytes from `start` on. A refusal of the cloud comes before the first byte, as a status."""
        image, start = request.path_params["image"], request.query_params.get("start", "0")
        length = request.query_params.get("length")
        if not AN_IMAGE.match(image) or not all(A_NUMBER.match(n) for n in (start, length or "0")):
            return _refused(CloudRefused("Ask for /images/ID?start=BYTES&length=BYTES."))
        if self._open.total() >= MOST or self._open[image] >= MOST_OF_ONE:
            log.warning(
                "refused a reading of image %s: %d are open, %d of it", image, self._open.total(), self._open[image]
            )
            return _refused(CloudBusy(MANY))
        reading = Reading(self, image, int(start), None if length is None else int(length))
        try:
            first = await self.in_thread(reading.take)
        except CloudError as error:
            reading.end()
            log.warning("image %s cannot be read: %s", image, error)
            return _refused(error)
        except BaseException:
            reading.end()
            raise
        return Bytes(reading, first)

    def count(self, image: str, by: int) -> None:
        self._open[image] += by
        if not self._open[image]:
            del self._open[image]

    def later(self, work: Callable[[], None]) -> None:
        self._threads.submit(work)


class Reading:
    """An image on its way to a reader. One thread at a time takes a chunk."""

    def __init__(self, disks: DiskServer, image: str, start: int, length: int | None) -> None:
        self.disks, self.image = disks, image
        self._start, self._length = start, length
        self._chunks: Iterator[bytes] | None = None
        self._lock = Lock()
        disks.count(image, +1)

    def take(self) -> bytes:
        """Return the next chunk; b"" at the end."""
        with self._lock:
            if self._chunks is None:
                self._chunks = self.disks.cloud.read_image(self.image, self._start, self._length)
            return next(self._chunks, b"")

    def end(self) -> None:
        """Give the cloud's connection back, once the thread that is reading from it has returned (within the cloud's own time limit)."""
        self.disks.count(self.image, -1)
        self.disks.later(self._close)

    def _close(self) -> None:
        with self._lock:
            if close := getattr(self._chunks, "close", None):
                close()


class Bytes(StreamingResponse):
    """The answer. Web takes up again a stream that was cut off."""

    def __init__(self, reading: Reading, first: bytes) -> None:
        super().__init__(self._flow(first), media_type="application/octet-stream")
        self._reading, self._is_cut = reading, False

    async def _flow(self, chunk: bytes) -> AsyncIterator[bytes]:
        while chunk:
            yield chunk
            try:
                chunk = await self._reading.disks.in_thread(self._reading.take)
            except CloudError as error:
                log.warning("image %s broke off: %s", self._reading.image, error)
                self._is_cut = True
                return

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_soon(message: Message) -> None:
            # A cut answer gets no end, so uvicorn closes the connection: that is how the reader knows.
            if not self._is_cut:
                async with asyncio.timeout(STALLED_SECONDS):
                    await send(message)

        try:
            await super().__call__(scope, receive, send_soon)
        except TimeoutError:
            log.info("nobody reads on of image %s: its connection to the cloud is given back", self._reading.image)
        finally:
            self._reading.end()


def _refused(error: CloudError) -> Response:
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 503)
    return PlainTextResponse(str(error), status)


def make_app(cloud: Reader) -> Starlette:
    disks = DiskServer(cloud)

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    return Starlette(routes=[Route("/images/{image}", disks.read), Route("/healthz", healthz)])


def from_environment() -> Reader:
    """Return the cloud of the environment, by the rule of `cloud.door`. This process does not have the site's settings.

    DISKS_OS_CLOUD: an entry of clouds.yaml for this process alone.
    """
    own = os.environ.get("DISKS_OS_CLOUD", "")
    if own or os.environ.get("OS_CLOUD") or os.environ.get("OS_AUTH_URL"):
        from cloud.openstack import OpenStackCloud

        return OpenStackCloud(own or None)
    from cloud.local import LocalCloud

    if not (token := os.environ.get("LOCAL_CLOUD_TOKEN", "")):
        sys.exit("No cloud is set: OS_CLOUD, OS_AUTH_URL or LOCAL_CLOUD_TOKEN says which. See docs/admin/cloud.md.")
    return LocalCloud(os.environ.get("LOCAL_CLOUD_URL", "http://127.0.0.1:8790"), token)


def listen(path: Path) -> socket.socket:
    """Listen for this user and this group. Replaces a socket that a killed process left behind."""
    listener = socket.socket(socket.AF_UNIX)
    path.unlink(missing_ok=True)
    before = os.umask(0o117)
    try:
        listener.bind(address(path))
    finally:
        os.umask(before)
    listener.listen(128)
    return listener


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m cloud.disk_server", description="Reads disks for web.")
    parser.add_argument("--socket", type=Path, required=True, help="where web asks; its folder says who may")
    parser.add_argument("--ping", action="store_true", help="only say whether one answers there")
    options = parser.parse_args()
    if options.ping:
        sys.exit(0 if DiskClient(options.socket).is_there(4) else 1)
    form, level = os.environ.get("LOG_FORMAT", "text"), os.environ.get("LOG_LEVEL", "INFO").upper()
    if form not in logs.FORMATS or level not in logs.LEVELS:
        sys.exit("LOG_FORMAT or LOG_LEVEL is none of those that .env.example names.")
    logging.config.dictConfig(logs.configuration(form, level))
    try:
        listener, cloud = listen(options.socket), from_environment()
    except OSError as error:
        sys.exit(f"The process that reads disks cannot listen at {options.socket}: {error.strerror}.")
    config = uvicorn.Config(
        make_app(cloud),
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
