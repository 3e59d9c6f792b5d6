"""Every cloud's promises about its hosts, their room, and moves between them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.contract import CloudGone, CloudRefused, Host, Server, Status
from tests.cloud.conftest import look
from tests.cloud.local_stage import insist
from tests.waiting import until


def test_a_shelved_server_frees_its_host(stage: Any, server: Server) -> None:
    before = stage.cloud.room().ram_mb_used
    insist(stage.cloud.ensure_shelved, server.id)
    stage.settle()
    assert look(stage, server).status == Status.SHELVED
    until(lambda: stage.cloud.room().ram_mb_used <= before - stage.flavor_ram_mb, "its place is free")
    insist(stage.cloud.ensure_running, server.id)
    stage.settle()
    assert (look(stage, server).status, look(stage, server).address) == (Status.ACTIVE, server.address)


def test_a_move_ends_on_another_host_or_where_it_was(stage: Any, server: Server) -> None:
    try:
        until(lambda: moved(stage, server), "the move is counted")
    except CloudRefused:  # this cloud has one host
        assert (look(stage, server).status, look(stage, server).host) == (Status.ACTIVE, server.host)
        return
    now = look(stage, server)
    assert (now.status, now.host in {host.name for host in stage.cloud.hosts()}) == (Status.ACTIVE, True)


def moved(stage: Any, server: Server) -> bool:
    insist(stage.cloud.ensure_moved, server.id, server.moves + 1)
    stage.settle()
    return bool(look(stage, server).moves == server.moves + 1)


def test_a_running_server_is_on_one_of_the_hosts(stage: Any, server: Server) -> None:
    host = next(host for host in stage.cloud.hosts() if host.name == server.host)
    assert (host.up, host.enabled) == (True, True)
    assert host.ram_mb_used >= stage.flavor_ram_mb


def test_a_host_was_heard_lately_where_the_cloud_tells(stage: Any) -> None:
    heard = [host.heard_at for host in stage.cloud.hosts() if host.heard_at]
    assert all(abs(datetime.now(UTC) - at) < timedelta(minutes=2) for at in heard)


def test_hosts_that_tell_their_load_tell_three_numbers(stage: Any) -> None:
    loads = insist(stage.cloud.loads)
    assert loads.keys() <= {host.name for host in stage.cloud.hosts()}
    assert all(len(load) == 3 and min(load) >= 0 for load in loads.values())


def test_the_room_tells_its_biggest_host(stage: Any) -> None:
    room = stage.cloud.room()
    assert set(room.biggest_host) == {"vcpus", "ram_mb", "disk_gb"}
    assert stage.flavor_ram_mb <= room.biggest_host["ram_mb"] <= room.ram_mb


def test_it_tells_whether_one_more_would_find_a_host(stage: Any) -> None:
    small = next(flavor for flavor in stage.cloud.flavors() if flavor.id == stage.flavor_id)
    assert insist(stage.cloud.has_room, small)
    for unit in ("vcpus", "ram_mb", "disk_gb"):
        assert not insist(stage.cloud.has_room, replace(small, **{unit: 10**8}))


# ---- a host that takes no servers, and one that is dead ----


@pytest.fixture
def spare(stage: Any) -> Iterator[str]:
    """The name of a host that tests may disable; a cloud with one host gives that one."""
    name: str = stage.spare_host
    yield name
    insist(stage.cloud.set_host_enabled, name, True)
    insist(stage.cloud.set_host_weight, name, 1.0)


def host(stage: Any, name: str) -> Host:
    found: Host = next(one for one in stage.cloud.hosts() if one.name == name)
    return found


def test_a_disabled_host_says_why_and_twice_is_once(stage: Any, spare: str) -> None:
    for _twice in range(2):
        insist(stage.cloud.set_host_enabled, spare, False, "new memory")
    assert (host(stage, spare).enabled, host(stage, spare).note) == (False, "new memory")


def test_an_enabled_host_keeps_no_reason(stage: Any, spare: str) -> None:
    insist(stage.cloud.set_host_enabled, spare, False, "new memory")
    for _twice in range(2):
        insist(stage.cloud.set_host_enabled, spare, True)
    assert (host(stage, spare).enabled, host(stage, spare).note) == (True, "")


def test_a_host_keeps_the_weight_that_was_set_last(stage: Any, spare: str) -> None:
    for weight in (0.5, -1.0, -1.0):
        insist(stage.cloud.set_host_weight, spare, weight)
    assert host(stage, spare).weight == -1.0
    insist(stage.cloud.set_host_weight, spare, 1.0)
    assert host(stage, spare).weight == 1.0


def test_a_host_that_is_up_is_not_fenced(stage: Any, spare: str) -> None:
    with pytest.raises(CloudRefused):
        insist(stage.cloud.set_host_fenced, spare, True)
    assert not host(stage, spare).fenced


def test_a_server_of_a_host_that_is_up_is_not_evacuated(stage: Any, server: Server) -> None:
    with pytest.raises(CloudRefused):
        insist(stage.cloud.ensure_evacuated, server.id, server.moves + 1)
    assert (look(stage, server).status, look(stage, server).host) == (Status.ACTIVE, server.host)


@pytest.mark.parametrize(
    ("verb", "wish"), [("set_host_enabled", False), ("set_host_fenced", False), ("set_host_weight", 0.5)]
)
def test_a_host_that_is_not_there_is_gone(stage: Any, verb: str, wish: bool | float) -> None:
    with pytest.raises(CloudGone):
        insist(getattr(stage.cloud, verb), "no-such-host", wish)
