"""“Why can't I connect?” end to end: the real agent before a real gateway, and each hop broken in turn."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lib import ed25519
from machines.models import Machine
from tests.live.check_stage import checked, oks
from tests.machines.idle.guest import can_run, openssh
from tests.ports import free_port
from tests.processes import frozen
from tests.tunnels.agent_stage import Vps
from tests.tunnels.dial_fixtures import echo as echo
from tests.tunnels.dial_fixtures import live as live
from tests.tunnels.dial_fixtures import stage as stage
from tests.tunnels.dial_fixtures import vps as vps
from tests.tunnels.dial_stage import DialStage
from tests.tunnels.targets import HERE, Target
from tests.waiting import PATIENCE, until
from tunnels.actions import hold_all
from tunnels.lifecycle import next_revision
from tunnels.models import Gateway, Tunnel

pytestmark = [
    pytest.mark.urls("tests.tunnels.urls"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("live-checks"),
    pytest.mark.slow,
]
RIGHT = dict.fromkeys(("port", "tunnel", "agent", "guest", "service"), True)


def broken(stage: DialStage, tunnel: Tunnel) -> tuple[str | None, str]:
    body = checked(stage, tunnel)
    named = [name for name, ok in oks(body).items() if ok is False]
    assert named[:1] == [body["broken"]]
    return body["broken"], body["verdict"]


def test_a_way_that_is_right_is_right_at_each_hop(stage: DialStage, echo: Target) -> None:
    body = checked(stage, stage.tunnel(echo.port))
    assert (oks(body), body["broken"]) == (RIGHT, None)
    assert all(hop["last_ok_at"] for hop in body["hops"])
    assert {hop["name"] for hop in body["hops"] if hop["ms"] is not None} == {"port", "tunnel", "agent", "guest"}


def test_a_gateway_that_is_gone_is_named(stage: DialStage, echo: Target, vps: Vps) -> None:
    tunnel = stage.tunnel(echo.port)
    vps.program.kill()
    try:
        name, verdict = broken(stage, tunnel)
    finally:
        vps.mend()
    assert (name, verdict[:47]) == ("port", "The gateway to the internet does not answer. An")


def test_a_port_that_something_else_holds_is_named(stage: DialStage, echo: Target) -> None:
    tunnel = stage.tunnel(echo.port)
    stage.agent.kill()
    until(lambda: _can_take(tunnel.port))
    with socket.create_server((HERE, tunnel.port)):
        stage.agent.start()
        until(lambda: Tunnel.objects.get(pk=tunnel.pk).refused > 0)
        assert broken(stage, tunnel)[0] == "port"


def _can_take(port: int) -> bool:
    try:
        socket.create_server((HERE, port)).close()
    except OSError:
        return False
    return True


def test_a_gateway_that_passes_nothing_on_is_named(stage: DialStage, echo: Target, vps: Vps) -> None:
    tunnel = stage.tunnel(echo.port)
    with frozen(vps.program.process.pid):
        name, verdict = broken(stage, tunnel)
    assert (name, "the tunnel passes nothing on" in verdict) == ("tunnel", True)


def test_a_gateway_with_another_key_is_named_as_the_tunnel(stage: DialStage, echo: Target) -> None:
    tunnel = stage.tunnel(echo.port)
    Gateway.objects.update(host_key=ed25519.public_line(bytes(32)))
    next_revision(stage.gateway.pk)
    until(lambda: Gateway.objects.get().link_error == "host_key")
    name, verdict = broken(stage, tunnel)
    assert (name, "a key that is not its own" in verdict) == ("tunnel", True)


def test_an_agent_that_was_killed_is_named(stage: DialStage, echo: Target) -> None:
    tunnel = stage.tunnel(echo.port)
    stage.agent.kill()
    body = checked(stage, tunnel)
    assert oks(body) == {**dict.fromkeys(RIGHT), "agent": False}
    assert "An administrator must start it again" in body["verdict"]


def test_an_agent_that_stands_still_is_named(stage: DialStage, echo: Target) -> None:
    tunnel = stage.tunnel(echo.port)
    with frozen(stage.agent.process.pid):
        assert broken(stage, tunnel)[0] == "agent"


def test_a_machine_that_is_off_is_named(stage: DialStage, echo: Target) -> None:
    tunnel = stage.tunnel(echo.port)
    stage.machine(tunnel)
    Machine.objects.update(address="192.0.2.7")
    Tunnel.objects.update(target_host="192.0.2.7")
    next_revision(stage.gateway.pk)
    name, verdict = broken(stage, tunnel)
    assert (name, "nothing in it answers" in verdict) == ("guest", True)


def test_a_service_that_does_not_listen_is_named(stage: DialStage) -> None:
    tunnel = stage.tunnel(port := free_port())
    name, verdict = broken(stage, tunnel)
    assert (name, f"nothing in it listens on port {port}" in verdict) == ("service", True)


@pytest.mark.skipif(not can_run(), reason="needs sshd, and root for terminals of its own")
def test_an_sshd_that_is_right_answers_and_a_frozen_one_is_named(stage: DialStage, tmp_path: Path) -> None:
    with openssh(tmp_path, "") as port:
        tunnel = stage.tunnel(port)
        Tunnel.objects.update(scheme="ssh")
        assert checked(stage, tunnel)["broken"] is None
        with frozen(_listener(port)):
            name, verdict = broken(stage, tunnel)
    assert (name, "it still starts, or is stuck" in verdict) == ("service", True)


def _listener(port: int) -> int:
    import psutil

    lines = [line for line in psutil.net_connections("tcp4") if line.laddr == (HERE, port) and line.status == "LISTEN"]
    pid = lines[0].pid
    assert pid
    return pid


@pytest.mark.parametrize("says", [b"", b"x" * 65536], ids=["nothing", "without end"])
def test_a_guest_that_says_nothing_or_does_not_end_keeps_nobody(stage: DialStage, says: bytes) -> None:
    with socket.create_server((HERE, 0)) as server:
        tunnel = stage.tunnel(server.getsockname()[1])
        Tunnel.objects.update(scheme="ssh")
        with _talking(server, says):
            assert broken(stage, tunnel)[0] == "service"
    until(lambda: not stage.dials.open and not stage.dials.waiting)


@contextmanager
def _talking(server: socket.socket, says: bytes) -> Iterator[None]:
    import threading

    def talk() -> None:
        try:
            while True:
                threading.Thread(target=_say, args=(server.accept()[0], says), daemon=True).start()
        except OSError:
            pass

    threading.Thread(target=talk, daemon=True).start()
    yield
    server.shutdown(socket.SHUT_RDWR)


def _say(visitor: socket.socket, says: bytes) -> None:
    with visitor:
        visitor.settimeout(PATIENCE)
        try:
            while says:
                visitor.sendall(says)
            visitor.recv(1)
        except OSError:
            pass


def test_a_check_is_no_visit(stage: DialStage, echo: Target) -> None:
    tunnel = stage.tunnel(echo.port)
    until(lambda: Tunnel.objects.get(pk=tunnel.pk).answered_at)
    before = echo.visitors
    assert checked(stage, tunnel)["broken"] is None
    reported_at = Gateway.objects.get().seq
    next_revision(stage.gateway.pk)  # brings a whole report, with the counts
    until(lambda: Gateway.objects.get().seq > reported_at)
    now = Tunnel.objects.get(pk=tunnel.pk)
    assert (now.connections, now.bytes_in, now.bytes_out, now.last_byte_at, echo.visitors - before) == (
        0,
        0,
        0,
        None,
        1,
    )


def test_a_sleeping_machine_is_not_waked_and_the_verdict_says_what_wakes_it(stage: DialStage, echo: Target) -> None:
    tunnel = stage.tunnel(echo.port)
    machine = stage.machine(tunnel)
    Machine.objects.update(state="suspended", wanted="suspended")
    hold_all(holder=machine.pk, knock=["127.0.0.1/32"])
    until(lambda: Tunnel.objects.get(pk=tunnel.pk).state == "held")
    name, verdict = broken(stage, tunnel)
    machine.refresh_from_db()
    assert (name, "wakes it" in verdict, machine.wanted) == ("guest", True, "suspended")


def test_when_a_broken_hop_was_right_last_is_said(stage: DialStage, echo: Target) -> None:
    tunnel = stage.tunnel(echo.port)
    until(lambda: Tunnel.objects.get(pk=tunnel.pk).answered_at)
    right = {hop["name"]: hop["last_ok_at"] for hop in checked(stage, tunnel)["hops"]}
    echo.close()
    last = checked(stage, tunnel)["hops"][-1]
    assert (last["ok"], last["last_ok_at"]) == (False, right["service"])
