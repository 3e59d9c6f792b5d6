"""The process that reads disks: the bytes and errors of the cloud come to web, and neither side holds on to what nobody reads."""

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cloud import disk_server
from cloud.contract import CloudBusy, CloudError, CloudFull, CloudGone, CloudRefused
from cloud.disk_client import DiskClient
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.slow

DATA = bytes(range(251)) * 20_000  # 5 MB
CHUNK = 256 * 1024
ROOT = Path(__file__).resolve().parents[2]


class Shelf:
    """Images of a cloud, and how many of them are being read."""

    def __init__(self) -> None:
        self.open = 0
        self.error: CloudError | None = None
        self.breaks_at = len(DATA)

    def read_image(self, image_id: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        self.open += 1
        try:
            if self.error:
                raise self.error
            end = len(DATA) if length is None else start + length
            for at in range(start, end, CHUNK):
                if at >= self.breaks_at:
                    raise CloudBusy("cut")
                yield DATA[at : min(at + CHUNK, end)]
        finally:
            self.open -= 1


def serving(app: Starlette, **where: object) -> tuple[uvicorn.Server, threading.Thread]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs=where)
    thread.start()
    until(lambda: server.started)
    return server, thread


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf()
    listener = disk_server.listen(tmp_path / "socket")
    server, thread = serving(disk_server.make_app(shelf), sockets=[listener])
    yield shelf
    server.should_exit = True
    thread.join(PATIENCE)


@pytest.fixture
def client(shelf: Shelf, tmp_path: Path) -> DiskClient:
    return DiskClient(tmp_path / "socket")


@pytest.mark.parametrize(("start", "length"), [(0, None), (0, len(DATA)), (7, 10), (1_000_000, len(DATA) - 1_000_000)])
def test_the_bytes_are_the_clouds(client: DiskClient, start: int, length: int | None) -> None:
    whole = b"".join(client.read_image("an-image", start, length))
    assert whole == DATA[start:][: len(DATA) if length is None else length]


@pytest.mark.parametrize("error", [CloudGone("gone"), CloudBusy("busy"), CloudRefused("no"), CloudFull("full")])
def test_its_errors_are_the_clouds(shelf: Shelf, client: DiskClient, error: CloudError) -> None:
    shelf.error = error
    wanted = CloudBusy if isinstance(error, CloudFull) else type(error)
    with pytest.raises(wanted, match=str(error)) as raised:
        next(client.read_image("an-image"))
    assert type(raised.value) is wanted


def test_what_breaks_off_in_the_cloud_is_not_taken_for_its_end(shelf: Shelf, client: DiskClient) -> None:
    shelf.breaks_at = 1_000_000
    had = 0
    with pytest.raises(CloudBusy):  # noqa: PT012 - what came before counts
        for chunk in client.read_image("an-image"):
            had += len(chunk)
    assert had == 4 * CHUNK
    shelf.breaks_at = len(DATA)
    assert b"".join(client.read_image("an-image", had)) == DATA[had:]


def test_a_reader_who_leaves_leaves_nothing_open(shelf: Shelf, client: DiskClient) -> None:
    chunks = client.read_image("an-image")
    next(chunks)
    assert shelf.open == 1
    chunks.close()  # type: ignore[attr-defined]
    until(lambda: shelf.open == 0)


def test_a_reader_who_stops_reading_gives_the_clouds_connection_back(
    shelf: Shelf, client: DiskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_server, "STALLED_SECONDS", 0.2)
    chunks = client.read_image("an-image")
    next(chunks)
    until(lambda: shelf.open == 0)
    with pytest.raises(CloudBusy):
        list(chunks)


def test_one_image_is_read_a_few_times_at_once(shelf: Shelf, client: DiskClient) -> None:
    readings = [client.read_image("an-image") for _ in range(disk_server.MOST_OF_ONE)]
    assert all(next(reading) for reading in readings)
    with pytest.raises(CloudBusy, match="So many"):
        next(client.read_image("an-image"))
    assert next(client.read_image("another"))
    readings[0].close()  # type: ignore[attr-defined]
    until(lambda: shelf.open < len(readings))
    assert next(client.read_image("an-image"))


@pytest.mark.parametrize("image", ["..", "a%2fb", "a b", "x" * 101])
def test_what_is_no_image_is_not_asked_of_the_cloud(shelf: Shelf, client: DiskClient, image: str) -> None:
    with pytest.raises((CloudGone, CloudRefused)):
        next(client.read_image(image))
    assert shelf.open == 0


def test_without_a_server_it_is_for_later(tmp_path: Path) -> None:
    client = DiskClient(tmp_path / "nobody")
    assert not client.is_there(1)
    with pytest.raises(CloudBusy):
        next(client.read_image("an-image"))


@pytest.mark.usefixtures("shelf")
def test_the_health_check_of_compose_asks_it_and_loads_none_of_our_modules(tmp_path: Path) -> None:
    """Importing them took so long that the check failed on a busy computer."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    _kind, _python, _c, code = services["disks"]["healthcheck"]["test"]
    ended = [
        subprocess.run(
            [sys.executable, "-I", "-c", code.replace("/run/minga-disks/socket", str(place))], stderr=subprocess.DEVNULL
        )
        for place in (tmp_path / "socket", tmp_path / "nowhere")
    ]
    assert [ran.returncode for ran in ended] == [0, 1]


def test_its_socket_is_for_its_user_and_group_however_deep_it_lies(tmp_path: Path) -> None:
    folder = tmp_path / ("ñ" * 100)
    folder.mkdir()
    (folder / "socket").write_text("left by one that was killed")
    with disk_server.listen(folder / "socket"):
        assert stat.S_IMODE((folder / "socket").stat().st_mode) == 0o660


# ---- the process itself ----


@pytest.fixture
def local_cloud() -> Iterator[int]:
    """The port of a local cloud that has one image."""

    async def file(request: Request) -> Response:
        first, _, last = request.headers["range"].removeprefix("bytes=").partition("-")
        return Response(DATA[int(first) : int(last) + 1 if last else None], 206)

    with disk_server.socket.create_server(("127.0.0.1", 0)) as listener:
        server, thread = serving(Starlette(routes=[Route("/images/i/file", file)]), sockets=[listener])
        yield int(listener.getsockname()[1])
        server.should_exit = True
        thread.join(PATIENCE)


class Process:
    def __init__(self, socket: Path, port: int) -> None:
        self.socket = socket
        self.environment = {
            "PATH": os.environ["PATH"],
            "LOCAL_CLOUD_URL": f"http://127.0.0.1:{port}",
            "LOCAL_CLOUD_TOKEN": "x",
        }
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "cloud.disk_server", "--socket", str(self.socket)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment)
        until(lambda: DiskClient(self.socket).is_there(20))

    def end(self, which: signal.Signals) -> int:
        self.process.send_signal(which)
        return self.process.wait(PATIENCE)


@pytest.fixture
def process(tmp_path: Path, local_cloud: int) -> Iterator[Process]:
    process = Process(tmp_path / "socket", local_cloud)
    yield process
    process.end(signal.SIGKILL)


@pytest.mark.django_db
def test_a_killed_one_costs_a_download_nothing(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process has no database and no SECRET_KEY. Web reads on where it was, as soon as it is back."""
    from machines import disk_images
    from machines.models import DiskImage

    monkeypatch.setattr(disk_images, "open_disks", lambda: DiskClient(process.socket))
    reading = disk_images.read(DiskImage(image_id="i"), 0, len(DATA))
    had = next(reading)
    assert process.end(signal.SIGKILL) == -signal.SIGKILL
    restart = threading.Timer(0.6, process.start)
    restart.start()
    assert had + b"".join(reading) == DATA
    restart.join()


def test_it_ends_when_it_is_told_to(process: Process) -> None:
    chunks = DiskClient(process.socket).read_image("i")
    next(chunks)
    assert process.end(signal.SIGTERM) in (0, -signal.SIGTERM)
