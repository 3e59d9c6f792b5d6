"""A console of a real QEMU guest, from a viewer's websocket: by the token that opens consoles alone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from cloud.contract import ServerSpec
from cloud.local import LocalCloud
from machines.models import Machine
from portal.live.consoles import console_calls
from tests.cloud.conftest import QEMU, key, make_spec, make_stage, owner  # noqa: F401 - fixtures
from tests.cloud.local_stage import LocalStage, insist
from tests.factories import make_machine
from tests.live.consoles.console_stage import Viewer
from tests.live.process import LiveProcess

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("live"), pytest.mark.slow]


@pytest.fixture(params=[QEMU])
def machine(
    make_stage: Callable[..., LocalStage],  # noqa: F811
    make_spec: Callable[..., ServerSpec],  # noqa: F811
    student: User,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Machine]:
    stage = make_stage(request.param, "--console-token-file", str(tmp_path / "narrow"))
    narrow = LocalCloud(f"http://127.0.0.1:{stage.port}", (tmp_path / "narrow").read_text())
    monkeypatch.setattr(console_calls, "open_consoles", lambda: narrow)
    machine = make_machine(student)
    Machine.objects.update(server_id=insist(stage.cloud.ensure_server, make_spec(stage)).id)
    yield machine
    narrow.close()  # else its sockets are a warning of whatever test runs when they are collected


def read_until(line: Viewer, words: bytes) -> None:
    heard: Any = b""
    while words not in heard:
        more = line.next()
        heard += more if isinstance(more, bytes) else b""


def test_a_guest_that_boots_is_watched_and_answers_on_its_serial_line(
    live: LiveProcess, machine: Machine, student: User
) -> None:
    with Viewer(live, machine, student) as log:
        log.wait_for("minga-guest: ready")
        while not log.state["serial"]:
            log.next()
        with Viewer(live, machine, student, "/serial") as line:
            assert line.next() == {"type": "open"}
            line.line.send(b"\n")
            read_until(line, b"$ ")
            line.line.send(b"echo $((6 * 7))-typed\n")
            read_until(line, b"42-typed")
        log.wait_for("42-typed")
