"""Every cloud's promises about hosts that are emptied, die, or come last: of the clouds that have several hosts."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cloud.contract import CloudRefused, Host, Server, ServerSpec, Status
from tests.cloud.conftest import FakeStage, look
from tests.cloud.fake import FakeCloud
from tests.cloud.local_stage import insist
from tests.waiting import until


class FakeHostsStage(FakeStage):
    """A fake whose hosts can be killed and started."""

    def __init__(self) -> None:
        cloud = FakeCloud()
        super().__init__(cloud)
        self.kill_host, self.start_host = cloud.kill_host, cloud.start_host


@pytest.fixture
def stage() -> Any:
    return FakeHostsStage()


@pytest.fixture
def server(stage: Any, make_spec: Callable[..., ServerSpec]) -> Server:
    made = insist(stage.cloud.ensure_server, make_spec(stage))
    stage.settle()
    return look(stage, made)


@pytest.fixture
def dead(stage: Any, server: Server) -> Iterator[str]:
    """The server's host, without power, and the cloud says so."""
    stage.kill_host(server.host)
    yield server.host
    stage.start_host(server.host)


@pytest.fixture
def sleeping(stage: Any, server: Server) -> None:
    insist(stage.cloud.ensure_suspended, server.id)
    stage.settle()


@pytest.fixture
def fenced(stage: Any, dead: str) -> str:
    insist(stage.cloud.set_host_fenced, dead, True)
    return dead


def host(stage: Any, name: str) -> Host:
    found: Host = next(one for one in stage.cloud.hosts() if one.name == name)
    return found


def is_back(stage: Any, name: str) -> bool:
    try:
        insist(stage.cloud.set_host_fenced, name, False)
    except CloudRefused:
        return False
    return True


def evacuate(stage: Any, server: Server) -> Server:
    for _step in range(2):
        insist(stage.cloud.ensure_evacuated, server.id, server.moves + 1)
        stage.settle()
    return look(stage, server)


def test_new_servers_go_elsewhere(stage: Any, server: Server, make_spec: Callable[..., ServerSpec]) -> None:
    insist(stage.cloud.set_host_enabled, server.host, False, "emptied")
    made = insist(stage.cloud.ensure_server, make_spec(stage))
    stage.settle()
    assert look(stage, made).host not in ("", server.host)
    insist(stage.cloud.set_host_enabled, server.host, True)


def test_what_is_on_a_disabled_host_stays_until_it_is_moved(stage: Any, server: Server) -> None:
    insist(stage.cloud.set_host_enabled, server.host, False, "emptied")
    assert look(stage, server).status == Status.ACTIVE
    while look(stage, server).moves == server.moves:
        insist(stage.cloud.ensure_moved, server.id, server.moves + 1)
        stage.settle()
    assert (look(stage, server).status, look(stage, server).host != server.host) == (Status.ACTIVE, True)
    insist(stage.cloud.set_host_enabled, server.host, True)


def test_a_dead_host_evacuates_nothing_before_it_is_fenced(stage: Any, server: Server, dead: str) -> None:
    with pytest.raises(CloudRefused):
        insist(stage.cloud.ensure_evacuated, server.id, server.moves + 1)
    assert (host(stage, dead).up, look(stage, server).host) == (False, dead)


def test_a_fenced_host_s_server_starts_elsewhere_once(stage: Any, server: Server, fenced: str) -> None:
    now = evacuate(stage, server)
    assert (now.status, now.host not in ("", fenced), now.moves) == (Status.ACTIVE, True, server.moves + 1)


def test_a_host_comes_back_only_after_it_has_forgotten_what_was_evacuated(
    stage: Any, server: Server, fenced: str
) -> None:
    there = evacuate(stage, server).host
    with pytest.raises(CloudRefused):
        insist(stage.cloud.set_host_fenced, fenced, False)
    stage.start_host(fenced)
    until(lambda: is_back(stage, fenced), "it has forgotten them")
    until(lambda: host(stage, fenced).up, "it is heard again")
    assert look(stage, server).host == there


def test_a_host_that_nothing_left_comes_back_as_it_was(stage: Any, server: Server, fenced: str) -> None:
    stage.start_host(fenced)
    insist(stage.cloud.set_host_fenced, fenced, False)
    until(lambda: host(stage, fenced).up, "it is heard again")
    assert look(stage, server).host == fenced


def test_a_server_that_slept_on_a_dead_host_starts_elsewhere_too(stage: Any, server: Server, sleeping: None) -> None:
    stage.kill_host(server.host)
    insist(stage.cloud.set_host_fenced, server.host, True)
    assert (evacuate(stage, server).host not in ("", server.host), evacuate(stage, server).status) == (
        True,
        Status.ACTIVE,
    )
    stage.start_host(server.host)


@pytest.fixture
def last_hosts(stage: Any, server: Server) -> Iterator[list[str]]:
    """All hosts but the server's own, of low weight."""
    names = [one.name for one in stage.cloud.hosts() if one.up and one.enabled and one.name != server.host]
    for name in names:
        insist(stage.cloud.set_host_weight, name, -1.0)
    yield names
    for name in names:
        insist(stage.cloud.set_host_weight, name, 1.0)


def test_a_host_of_low_weight_gets_new_servers_last(
    stage: Any, server: Server, last_hosts: list[str], make_spec: Callable[..., ServerSpec]
) -> None:
    made = [insist(stage.cloud.ensure_server, make_spec(stage)) for _number in range(2)]
    stage.settle()
    assert last_hosts
    assert {look(stage, one).host for one in made} == {server.host}
