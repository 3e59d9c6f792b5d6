"""Every cloud's promises about its hosts, their room, and moves between them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cloud.contract import CloudRefused, Server, Status
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


def test_the_room_tells_its_biggest_host(stage: Any) -> None:
    room = stage.cloud.room()
    assert set(room.biggest_host) == {"vcpus", "ram_mb", "disk_gb"}
    assert stage.flavor_ram_mb <= room.biggest_host["ram_mb"] <= room.ram_mb


def test_it_tells_whether_one_more_would_find_a_host(stage: Any) -> None:
    small = next(flavor for flavor in stage.cloud.flavors() if flavor.id == stage.flavor_id)
    assert insist(stage.cloud.has_room, small)
    for unit in ("vcpus", "ram_mb", "disk_gb"):
        assert not insist(stage.cloud.has_room, replace(small, **{unit: 10**8}))
