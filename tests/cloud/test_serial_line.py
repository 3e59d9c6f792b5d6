"""The serial line of a QEMU guest: typed into, for one reader at a time, opened by the consoles' own token; and the log beside it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from cloud.contract import MOST_LOG_BYTES, CloudRefused, Server, ServerSpec
from cloud.local import LocalCloud
from cloud.localcloud.serial_lines import TAKEN, tail
from tests.cloud.conftest import QEMU, in_group
from tests.cloud.local_stage import LocalStage, insist
from tests.waiting import PATIENCE, until

qemu = pytest.mark.parametrize("stage", in_group("guests")[1:], indirect=True)


def line_to(cloud: Any, server: Server) -> ClientConnection:
    way = insist(cloud.serial_console, server.id)
    return connect(way.url, additional_headers=way.headers, proxy=None, open_timeout=PATIENCE)


def read_until(line: ClientConnection, words: bytes) -> bytes:
    heard = b""
    while words not in heard:
        heard += bytes(line.recv(PATIENCE, decode=False))
    return heard


@qemu
def test_what_is_typed_reaches_the_guest_and_its_answer_is_in_the_log_too(stage: LocalStage, server: Server) -> None:
    with line_to(stage.cloud, server) as line:
        line.send(b"\n")
        read_until(line, b"$ ")
        line.send(b"echo $((40 + 2))-typed\n")
        read_until(line, b"42-typed")
        line.send(b"exit\n")
    until(lambda: "42-typed" in stage.cloud.console_log(server.id), "the log has it")


@qemu
def test_a_second_reader_is_sent_away_until_the_first_has_left(stage: LocalStage, server: Server) -> None:
    with line_to(stage.cloud, server):
        with line_to(stage.cloud, server) as second, pytest.raises(ConnectionClosed) as closed:
            second.recv(PATIENCE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == TAKEN
    with line_to(stage.cloud, server) as third:
        third.send(b"\n")
        assert third.recv(PATIENCE)


@qemu
def test_without_the_token_no_line_is_opened(stage: LocalStage, server: Server) -> None:
    way = insist(stage.cloud.serial_console, server.id)
    with pytest.raises(InvalidStatus):
        connect(way.url, proxy=None, open_timeout=PATIENCE)


@qemu
def test_a_guest_that_sleeps_has_none(stage: LocalStage, server: Server) -> None:
    insist(stage.cloud.ensure_suspended, server.id)
    stage.settle()
    assert stage.cloud.serial_console(server.id) is None


@pytest.mark.parametrize("guests", ["simulated", QEMU])
@pytest.mark.slow
def test_the_token_of_consoles_opens_nothing_else(
    make_stage: Callable[..., LocalStage], make_spec: Callable[..., ServerSpec], guests: str, tmp_path: Path
) -> None:
    stage = make_stage(guests, "--console-token-file", str(tmp_path / "narrow"))
    server = insist(stage.cloud.ensure_server, make_spec(stage))
    with closing(LocalCloud(f"http://127.0.0.1:{stage.port}", (tmp_path / "narrow").read_text())) as narrow:
        until(lambda: "ready" in narrow.console_log(server.id), "the log is read")
        for verb in (narrow.list_servers, narrow.images, lambda: narrow.ensure_deleted(server.id)):
            with pytest.raises(CloudRefused, match="token"):
                verb()
        until(lambda: (narrow.serial_console(server.id) is not None) == stage.has_serial_consoles, "as the guests have")


def test_of_a_log_of_ten_megabytes_only_the_end_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"an old line\n" * 900_000 + b"\xff\xfethe end")
    assert tail(log, 2).splitlines() == ["an old line", "\ufffd\ufffdthe end"]
    assert len(tail(log, 10**9)) <= MOST_LOG_BYTES


def test_of_one_endless_line_only_the_end_is_read(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 5_000_000)
    assert tail(tmp_path / "log", 10) == "x" * 2000
