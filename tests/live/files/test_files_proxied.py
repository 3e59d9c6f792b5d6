"""Files through nginx and Caddy as docs/admin/install.md sets them up, over TLS: bodies stream, and the proxy keeps nothing of them."""

import contextlib
import hashlib
import os
import ssl
import stat
from collections import Counter, deque
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from machines.models import Machine
from portal.live.files.file_answers import Answering
from portal.live.files.file_bodies import MOST_PIECE
from tests.live.files.files_caller import Caller
from tests.live.files.files_fixtures import home as home
from tests.live.files.files_fixtures import machine as machine
from tests.live.process import LiveProcess
from tests.machines.idle.guest import can_run
from tests.ports import free_port
from tests.tunnels.proxy_fixtures import live as live
from tests.tunnels.proxy_fixtures import proxy_kind as proxy_kind
from tests.tunnels.tls_proxies import Proxy
from tests.waiting import PATIENCE, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("live-terminals-proxied"),
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root"),
]
CONTENT = os.urandom(2 * MOST_PIECE)
LARGE = 1200 * 1024 * 1024  # more than nginx would keep of an answer: its reader would then see no end of it
ON_THE_WAY = 40_000_000  # bytes that sockets and windows may hold
LOG = 100_000


class Through(Caller):
    """The page's script, which knows the proxy's address only."""

    def __init__(self, proxy: Proxy, live: LiveProcess, machine: Machine, person: User) -> None:
        super().__init__(live, machine.pk, person)
        self.proxy, self.headers["Origin"] = proxy, proxy.url

    def line(self) -> HTTPConnection:
        trust = ssl.create_default_context(cafile=self.proxy.certificate)
        return HTTPSConnection("localhost", self.proxy.port, timeout=PATIENCE, context=trust)


@pytest.fixture(scope="module")
def proxy(proxy_kind: str, live: LiveProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    started = Proxy(proxy_kind, tmp_path_factory.mktemp("proxy") / proxy_kind, web=free_port(), live=live.port)
    yield started
    started.stop()


@pytest.fixture
def page(proxy: Proxy, live: LiveProcess, machine: Machine, home: Path, student: User, settings: Any) -> Through:
    settings.CSRF_TRUSTED_ORIGINS = [proxy.url]
    return Through(proxy, live, machine, student)


def test_an_upload_goes_on_after_a_cut_and_its_sum_comes_back(page: Through, home: Path) -> None:
    """The proxy hands on the part of a piece that has come, so nothing of it is sent twice."""
    total = len(CONTENT)
    whole = page.put("photo", CONTENT[:MOST_PIECE], 0, total)
    part = home / f".photo.{total}.minga-part"
    with contextlib.closing(half_of_the_second_piece(page)):
        until(lambda: part.stat().st_size > MOST_PIECE + 4_000_000, "what has come stands in the guest")
    until(lambda: running(page.live) == 0, "the cut frees the place")
    here = page.get("photo", upload=1, size=total).facts["received"]
    last = page.put("photo", CONTENT[here:], here, total)
    assert [whole.status, last.status, last.facts["sha256"]] == [202, 201, hashlib.sha256(CONTENT).hexdigest()]
    assert here > MOST_PIECE + 4_000_000


def half_of_the_second_piece(page: Through) -> HTTPConnection:
    line = page.line()
    line.putrequest("PUT", page.address("photo"))
    span = {"Content-Range": f"bytes {MOST_PIECE}-{2 * MOST_PIECE - 1}/{len(CONTENT)}", "Content-Length": MOST_PIECE}
    for name, value in {**page.headers, **span}.items():
        line.putheader(name, value)
    line.endheaders(CONTENT[MOST_PIECE : MOST_PIECE + 5_000_000])
    return line


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the bytes of bodies that the live process hands to the proxy."""
    counts, go_on = Counter[str](), Answering.go_on

    async def counted(answer: Answering, body: bytes, **named: Any) -> None:
        counts["bytes"] += len(body)
        await go_on(answer, body, **named)

    monkeypatch.setattr(Answering, "go_on", counted)
    return counts


@pytest.mark.parametrize(("path", "query"), [("work/large", {}), ("work", {"as": "tar"})], ids=["file", "tar"])
def test_a_download_streams_and_a_reader_who_leaves_frees_its_place(
    page: Through, proxy: Proxy, home: Path, sent: Counter[str], path: str, query: dict[str, str]
) -> None:
    (home / "work").mkdir()
    (home / "work" / "large").touch()
    os.truncate(home / "work" / "large", LARGE)
    with contextlib.closing(page.line()) as line:
        line.request("GET", page.address(path, **query), headers=page.headers)
        with line.getresponse() as answer:
            assert len(answer.read(1_000_000)) == 1_000_000
            looks: deque[int] = deque(maxlen=4)
            until(lambda: looks.append(sent["bytes"]) or looks.count(sent["bytes"]) == 4, "who waits is sent nothing")
            assert (running(page.live), kept_in_files(proxy) < LOG, sent["bytes"] < ON_THE_WAY) == (1, True, True)
    until(lambda: running(page.live) == 0, "a reader who leaves ends the reading")


def running(live: LiveProcess) -> int:
    return int(live.server.config.app.files.transfers.running)


def kept_in_files(proxy: Proxy) -> int:
    """Count the bytes of the files that the proxy has open for writing, also of those that have no name any more."""
    size = 0
    for link in Path(f"/proc/{proxy.program.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            facts = link.stat()
            size += facts.st_size if stat.S_ISREG(facts.st_mode) and os.lstat(link).st_mode & stat.S_IWUSR else 0
    return size
