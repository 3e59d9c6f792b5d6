"""The agent as a process, in front of the embedded VPS and of a real sshd."""

import socket
import time

import pytest

from tests.ports import free_port
from tests.tunnels.agent_stage import Stage, is_listening
from tests.tunnels.targets import HERE, Target, exchange, pattern
from tests.waiting import PATIENCE, quickest, until

pytestmark = pytest.mark.slow


def test_data_passes_both_ways_and_whole(stage: Stage) -> None:
    _key, port = stage.opened()
    assert exchange(port, pattern(Target.SIZE)) == pattern(Target.SIZE)


def test_what_a_target_says_last_arrives_though_it_hangs_up(stage: Stage) -> None:
    key = stage.portal.wish(stage.first, stage.target("source").port)
    until(lambda: stage.portal.is_open(key))
    assert exchange(stage.first, b"") == pattern(Target.SIZE)


def test_a_visitor_who_has_said_all_still_hears_the_answer(stage: Stage) -> None:
    key = stage.portal.wish(stage.first, stage.target("sink").port)
    until(lambda: stage.portal.is_open(key))
    assert exchange(stage.first, pattern(1_000_000)) == b"1000000"


def test_it_tells_that_the_target_answers(stage: Stage) -> None:
    late = free_port()
    key = stage.portal.wish(stage.first, late)
    until(lambda: stage.portal.is_open(key))
    assert not stage.portal.line(key)["answered"]
    stage.target(port=late)
    until(lambda: stage.portal.line(key)["answered"])


def test_an_ssh_port_answers_only_with_its_banner(stage: Stage) -> None:
    silent = stage.portal.wish(stage.first, stage.target().port, scheme="ssh")
    real = stage.portal.wish(stage.first + 1, stage.vps_port, scheme="ssh")
    until(lambda: stage.portal.line(real).get("answered"))
    assert not stage.portal.line(silent)["answered"]


def test_a_new_wish_for_the_same_port_is_probed_again(stage: Stage) -> None:
    key, port = stage.opened()
    until(lambda: stage.portal.line(key)["answered"])
    stage.portal.wish(port, free_port(), key=key)
    until(lambda: stage.portal.line(key)["since"] == stage.portal.revision)
    assert not stage.portal.line(key)["answered"]


def test_a_target_that_refuses_closes_the_visit_and_the_port_stays_open(stage: Stage) -> None:
    key = stage.portal.wish(stage.first, free_port())
    until(lambda: stage.portal.is_open(key))
    assert _is_refused(stage.first)
    assert is_listening(stage.first)


def test_revoking_cuts_an_open_connection_within_two_seconds(stage: Stage) -> None:
    def revoked() -> float:
        key, port = stage.opened()
        with socket.create_connection((HERE, port), timeout=PATIENCE) as visit:
            visit.sendall(b"x")
            assert visit.recv(1) == b"x"
            began = time.monotonic()
            stage.portal.drop(key)
            assert _ends(visit)
        until(lambda: not is_listening(port))
        return time.monotonic() - began

    assert quickest(revoked, 2) < 2


def _ends(visit: socket.socket) -> bool:
    try:
        return visit.recv(1) == b""
    except ConnectionError:
        return True


def test_revoking_is_told(stage: Stage) -> None:
    key, _port = stage.opened()
    stage.portal.drop(key)
    until(lambda: stage.portal.line(key)["state"] == "closed")
    until(lambda: stage.portal.reports[-1]["revision"] == stage.portal.revision)


def test_the_allow_list_refuses_everybody_else(stage: Stage) -> None:
    _key, port = stage.opened(allow=["203.0.113.0/24"])
    assert _is_refused(port)


def _is_refused(port: int) -> bool:
    try:
        return exchange(port) == b""
    except ConnectionError:
        return True


def test_the_allow_list_lets_in_whom_it_names(stage: Stage) -> None:
    _key, port = stage.opened(allow=["203.0.113.0/24", "127.0.0.0/8"])
    assert exchange(port) == b"hello"


def test_a_narrower_allow_list_cuts_off_who_is_in(stage: Stage) -> None:
    key, port = stage.opened()
    with socket.create_connection((HERE, port), timeout=PATIENCE) as visit:
        visit.sendall(b"x")
        assert visit.recv(1) == b"x"
        stage.portal.wish(port, stage.targets[0].port, key=key, allow=["203.0.113.0/24"])
        assert _ends(visit)


def test_a_port_that_is_taken_is_told_as_failed(stage: Stage) -> None:
    with socket.create_server((HERE, stage.first)):
        key = stage.portal.wish(stage.first, stage.target().port)
        until(lambda: stage.portal.line(key).get("state") == "failed")
        assert stage.portal.total(key, "refused") >= 1


def test_a_port_that_was_taken_opens_once_it_is_free(stage: Stage) -> None:
    with socket.create_server((HERE, stage.first)):
        key = stage.portal.wish(stage.first, stage.target().port)
        until(lambda: stage.portal.line(key).get("state") == "failed")
    until(lambda: stage.portal.is_open(key))
    assert exchange(stage.first) == b"hello"


def test_a_taken_port_does_not_hinder_the_others(stage: Stage) -> None:
    with socket.create_server((HERE, stage.first)):
        stage.portal.wish(stage.first, stage.target().port)
        _key, port = stage.opened(1)
        assert exchange(port) == b"hello"


def test_a_port_outside_the_range_is_refused(stage: Stage) -> None:
    key = stage.portal.wish(free_port(), stage.target().port)
    until(lambda: stage.portal.line(key).get("state") == "failed")


def _greets(port: int) -> bool:
    try:
        return exchange(port) == b"hello"
    except ConnectionError:
        return False


def test_the_ports_are_the_same_after_the_agent_was_killed(stage: Stage) -> None:
    _key, port = stage.opened()
    stage.agent.kill()
    until(lambda: not is_listening(port))
    stage.agent.start()
    until(lambda: _greets(port))


def test_the_ports_are_the_same_after_the_gateway_was_killed(stage: Stage) -> None:
    key, port = stage.opened()
    stage.vps.kill()
    until(lambda: stage.portal.line(key).items() >= {"state": "opening", "error": "unreachable"}.items())
    stage.vps.start()
    until(lambda: stage.portal.is_open(key))
    assert exchange(port) == b"hello"


def test_the_ports_stay_while_the_portal_is_away(stage: Stage) -> None:
    _key, port = stage.opened()
    stage.portal.is_ill = True
    asked = stage.portal.questions
    until(lambda: stage.portal.questions > asked + 3)
    assert exchange(port) == b"hello"


def test_it_follows_again_when_the_portal_is_back(stage: Stage) -> None:
    key, port = stage.opened()
    stage.portal.is_ill = True
    stage.portal.drop(key)
    asked = stage.portal.questions
    until(lambda: stage.portal.questions > asked + 3)
    stage.portal.is_ill = False
    until(lambda: not is_listening(port))


def test_it_counts_what_passes(stage: Stage) -> None:
    """The agent reports its counts every ten seconds without being asked."""
    key, port = stage.opened()
    until(lambda: stage.portal.line(key)["answered"])
    before = stage.portal.total(key, "bytes_in"), stage.portal.total(key, "bytes_out")
    exchange(port, pattern(300_000))
    until(lambda: stage.portal.total(key, "bytes_out") == before[1] + 300_000)
    assert stage.portal.total(key, "bytes_in") == before[0] + 300_000


def test_a_brief_knock_is_not_use_but_a_download_is(stage: Stage) -> None:
    """A connection is reported together with its bytes, so once those have come nothing is still on its way."""
    key, port = stage.opened()
    until(lambda: stage.portal.line(key)["answered"])
    out = stage.portal.total(key, "bytes_out")
    exchange(port, pattern(8_000))
    stage.portal.ask_for_counts()
    until(lambda: stage.portal.total(key, "bytes_out") == out + 8_000)
    assert stage.portal.total(key, "bytes_used") == 0
    exchange(port, pattern(100_000))
    stage.portal.ask_for_counts()
    until(lambda: stage.portal.total(key, "bytes_out") == out + 108_000)
    assert stage.portal.total(key, "bytes_used") == 200_000


def test_it_counts_open_connections_and_the_last_byte(stage: Stage) -> None:
    key, port = stage.opened()
    began = time.time()
    with socket.create_connection((HERE, port)) as one, socket.create_connection((HERE, port)) as two:
        for visit in (one, two):
            visit.sendall(b"x")
            assert visit.recv(1) == b"x"
        stage.portal.ask_for_counts()
        until(lambda: stage.portal.line(key)["connections"] == 2)
    assert began - 1 < stage.portal.line(key)["last_byte_at"] < time.time() + 1


def test_counts_survive_a_portal_that_was_away(stage: Stage) -> None:
    key, port = stage.opened()
    stage.portal.is_ill = True
    exchange(port, b"12345")
    asked = stage.portal.questions
    until(lambda: stage.portal.questions > asked + 2)
    exchange(port, b"678")
    stage.portal.is_ill = False
    stage.portal.ask_for_counts()
    until(lambda: stage.portal.total(key, "bytes_in") == 8)


def test_it_speaks_to_no_gateway_with_another_key(stage: Stage) -> None:
    stage.portal.gateway["host_key"] = (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtTU0Y3vCmWHqTnNBKcP3aYvbFyQ8H9FZbLhPjZqfQe"
    )
    key = stage.portal.wish(stage.first, stage.target().port)
    until(lambda: stage.portal.line(key).get("error") == "host_key")
    assert not is_listening(stage.first)


def test_it_moves_to_another_gateway_when_told_so(stage: Stage) -> None:
    key, port = stage.opened()
    right = stage.portal.gateway
    stage.portal.gateway = {**right, "ssh_port": free_port()}
    stage.portal.wish(stage.first + 1, stage.targets[0].port)
    until(lambda: not is_listening(port))
    stage.portal.gateway = right
    stage.portal.wish(stage.first + 2, stage.targets[0].port)
    until(lambda: stage.portal.is_open(key) and is_listening(port))


def link_errors(stage: Stage) -> list[str | None]:
    return [report["link_error"] for report in stage.portal.reports]


def test_it_tells_that_it_is_connected_to_the_gateway_also_without_a_port(stage: Stage) -> None:
    stage.agent.kill()
    stage.agent.start()
    until(lambda: link_errors(stage)[-1:] == [""])


def test_it_tells_when_the_gateway_is_gone_and_back(stage: Stage) -> None:
    until(lambda: link_errors(stage)[-1:] == [""])
    stage.vps.kill()
    until(lambda: link_errors(stage)[-1] == "unreachable")
    stage.vps.start()
    until(lambda: link_errors(stage)[-1] == "")


def test_it_tells_that_the_gateways_name_is_not_known(stage: Stage) -> None:
    stage.portal.gateway["ssh_host"] = "no-such-host.invalid"
    stage.portal.wish(stage.first, 1)
    until(lambda: link_errors(stage)[-1:] == ["unknown_name"])
    assert "no-such-host.invalid" in stage.agent.said()
