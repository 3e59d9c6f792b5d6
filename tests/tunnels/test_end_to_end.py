"""The real portal under uvicorn, the real agent, the embedded VPS: from a wish in the database to bytes through a port."""

import contextlib
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from lib.schemes import Service
from tests.tunnels.agent_stage import Program, Vps, is_listening
from tests.tunnels.dial_stage import web
from tests.tunnels.gateway_rows import gateway
from tests.tunnels.targets import HERE, Target, exchange
from tests.waiting import PATIENCE, quickest, until
from tunnels import lifecycle
from tunnels.actions import close_all, open_all, release, reserve
from tunnels.models import Gateway, Tunnel
from tunnels.queries import all_open, primary_answered

pytestmark = [
    pytest.mark.urls("tests.tunnels.urls"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("tunnels-end-to-end"),
    pytest.mark.slow,
]
PORTS = 4  # of one test


@pytest.fixture(scope="module")
def vps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vps]:
    ours = Vps(tmp_path_factory.mktemp("gateway"), "embedded", PORTS * 4)
    yield ours
    ours.program.kill()


@pytest.fixture
def gate(vps: Vps, tmp_path: Path, transactional_db: None) -> Iterator[Gateway]:
    """A gateway of four ports with everything that belongs to it running."""
    first = vps.take(PORTS)
    host_key = (vps.folder / "host_key.pub").read_text().strip()
    facts = {"ssh_port": vps.port, "host_key": host_key, "bind_address": HERE, "token": "sesame"}
    row = gateway(first=first, last=first + PORTS - 1, **facts)
    (tmp_path / "token").write_text("sesame")
    with web() as port:
        command = [sys.executable, "-m", "tunnels.agent", "--portal", f"http://{HERE}:{port}"]
        command += ["--token-file", str(tmp_path / "token"), "--key-file", str(vps.folder / "agent_key")]
        agent = Program(command, tmp_path / "log")
        yield row
        agent.kill()


def _reserved(student: User, target: Target) -> tuple[uuid.UUID, int]:
    holder = uuid.uuid4()
    tunnel = reserve(holder=holder, owner=student, services=[Service("http", target.port, "http")], by=student)[0]
    open_all(holder=holder, address=HERE)
    return holder, tunnel.port


def _is_ready(holder: uuid.UUID) -> bool:
    return all_open(holder, timezone.now()) and primary_answered(holder)


def test_a_wish_becomes_a_port_that_answers(gate: Gateway, student: User) -> None:
    holder, port = _reserved(student, Target())
    until(lambda: _is_ready(holder))
    assert exchange(port) == b"hello"


def test_revoking_cuts_what_is_open_within_two_seconds_of_the_action(gate: Gateway, student: User) -> None:
    def revoked() -> float:
        holder, port = _reserved(student, Target())
        until(lambda: _is_ready(holder))
        with socket.create_connection((HERE, port), timeout=PATIENCE) as visit:
            visit.sendall(b"x")
            assert visit.recv(1) == b"x"
            began = time.monotonic()
            release(holder=holder)
            with contextlib.suppress(ConnectionError):
                assert visit.recv(1) == b""
        until(lambda: not is_listening(port))
        took = time.monotonic() - began
        until(lambda: not Tunnel.objects.of(holder).exists())
        return took

    assert quickest(revoked, 2) < 2


def test_sleep_closes_the_port_and_waking_opens_the_same(gate: Gateway, student: User) -> None:
    target = Target()
    holder, port = _reserved(student, target)
    until(lambda: _is_ready(holder))
    close_all(holder=holder)
    until(lambda: {tunnel.state for tunnel in Tunnel.objects.of(holder)} == {"closed"})
    until(lambda: not is_listening(port))
    open_all(holder=holder, address=HERE)
    until(lambda: _is_ready(holder))
    assert exchange(port) == b"hello"


def test_a_taken_port_is_replaced_by_another(gate: Gateway, student: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "MOST_DRAWS", 1000)  # all ports but one are taken
    with contextlib.ExitStack() as taken:
        for port in range(gate.first_port, gate.last_port):
            taken.enter_context(socket.create_server((HERE, port)))
        holder, _port = _reserved(student, Target())
        until(lambda: _is_ready(holder))
    assert Tunnel.objects.of(holder).get().port == gate.last_port
