"""What every cloud promises: the two kinds of local cloud and the fakes, one suite."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cloud.contract import CloudGone, CloudRefused, Server, ServerSpec, Status
from tests.cloud.conftest import look
from tests.cloud.stage import insist

Specs = Callable[..., ServerSpec]


def test_a_server_comes_up_with_an_address(stage: Any, server: Server) -> None:
    assert (server.status, server.task, bool(server.address)) == (Status.ACTIVE, "", True)


def test_a_server_is_found_by_its_machine(stage: Any, server: Server) -> None:
    found = stage.cloud.find_server(server.machine)
    assert found
    assert found.id == server.id


def test_a_machine_that_nobody_has_is_not_found(stage: Any) -> None:
    assert stage.cloud.find_server(str(uuid.uuid4())) is None


def test_asked_twice_at_once_it_is_made_once(stage: Any, make_spec: Specs) -> None:
    spec = make_spec(stage)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: insist(stage.cloud.ensure_server, spec), range(8)))
    assert len({server.id for server in made}) == 1
    insist(stage.cloud.ensure_deleted, made[0].id)


def test_one_that_is_being_deleted_is_not_found_again(stage: Any, make_spec: Specs) -> None:
    spec = make_spec(stage)
    first = insist(stage.cloud.ensure_server, spec)
    insist(stage.cloud.ensure_deleted, first.id)
    second = insist(stage.cloud.ensure_server, spec)
    assert second.id != first.id
    insist(stage.cloud.ensure_deleted, second.id)


def test_an_unknown_flavor_or_image_is_gone(stage: Any, make_spec: Specs) -> None:
    for spec in (make_spec(stage, flavor_id="huge"), make_spec(stage, image_id="none")):
        with pytest.raises(CloudGone):
            insist(stage.cloud.ensure_server, spec)


def test_it_sleeps_and_wakes(stage: Any, server: Server) -> None:
    insist(stage.cloud.ensure_suspended, server.id)
    stage.settle()
    assert look(stage, server).status == Status.SUSPENDED
    insist(stage.cloud.ensure_running, server.id)
    stage.settle()
    assert (look(stage, server).status, look(stage, server).address) == (Status.ACTIVE, server.address)


def test_sleeping_twice_is_sleeping(stage: Any, server: Server) -> None:
    for _ in range(2):
        insist(stage.cloud.ensure_suspended, server.id)
        stage.settle()
    assert look(stage, server).status == Status.SUSPENDED
    insist(stage.cloud.ensure_running, server.id)


def test_running_what_runs_changes_nothing(stage: Any, server: Server) -> None:
    insist(stage.cloud.ensure_running, server.id)
    assert (look(stage, server).status, look(stage, server).task) == (Status.ACTIVE, "")


def test_a_shelved_server_frees_its_host(stage: Any, server: Server) -> None:
    before = stage.cloud.room().ram_mb_used
    insist(stage.cloud.ensure_shelved, server.id)
    stage.settle()
    assert look(stage, server).status == Status.SHELVED
    assert stage.cloud.room().ram_mb_used == before - 256
    insist(stage.cloud.ensure_running, server.id)
    stage.settle()
    assert (look(stage, server).status, look(stage, server).address) == (Status.ACTIVE, server.address)


def test_a_sleeping_server_can_be_shelved(stage: Any, server: Server) -> None:
    insist(stage.cloud.ensure_suspended, server.id)
    stage.settle()
    insist(stage.cloud.ensure_shelved, server.id)
    stage.settle()
    assert look(stage, server).status == Status.SHELVED
    insist(stage.cloud.ensure_deleted, server.id)


def test_a_restart_is_done_once_for_its_number(stage: Any, server: Server) -> None:
    number = server.restarts + 1
    for _ in range(2):
        insist(stage.cloud.ensure_restarted, server.id, number)
        stage.settle()
    assert (look(stage, server).restarts, look(stage, server).status) == (number, Status.ACTIVE)


def test_a_rebuild_keeps_id_and_address(stage: Any, server: Server) -> None:
    number = server.resets + 1
    for _ in range(2):
        insist(stage.cloud.ensure_rebuilt, server.id, stage.image_id, number)
        stage.settle()
    now = look(stage, server)
    assert (now.resets, now.status, now.address) == (number, Status.ACTIVE, server.address)


def test_a_sleeping_server_is_not_restarted(stage: Any, server: Server) -> None:
    insist(stage.cloud.ensure_suspended, server.id)
    stage.settle()
    with pytest.raises(CloudRefused):
        insist(stage.cloud.ensure_restarted, server.id, server.restarts + 1)
    insist(stage.cloud.ensure_running, server.id)


def test_a_deleted_server_is_gone(stage: Any, server: Server) -> None:
    insist(stage.cloud.ensure_deleted, server.id)
    stage.settle()
    assert stage.cloud.find_server(server.machine) is None
    insist(stage.cloud.ensure_deleted, server.id)
    with pytest.raises(CloudGone):
        insist(stage.cloud.ensure_running, server.id)


def test_a_deleted_machine_can_be_made_anew(stage: Any, make_spec: Specs) -> None:
    spec = make_spec(stage)
    first = insist(stage.cloud.ensure_server, spec)
    insist(stage.cloud.ensure_deleted, first.id)
    stage.settle()
    second = insist(stage.cloud.ensure_server, make_spec(stage, machine=spec.machine, name="second"))
    assert second.id != first.id
    insist(stage.cloud.ensure_deleted, second.id)


def test_a_list_of_changes_tells_only_what_changed(stage: Any, server: Server, make_spec: Specs) -> None:
    cursor = stage.cloud.list_servers().cursor
    assert stage.cloud.list_servers(cursor).servers == []
    insist(stage.cloud.ensure_renamed, server.id, "blue-fox")
    changes = stage.cloud.list_servers(cursor)
    assert ([one.name for one in changes.servers], changes.whole) == (["blue-fox"], False)


def test_a_list_of_changes_tells_what_was_deleted(stage: Any, server: Server) -> None:
    cursor = stage.cloud.list_servers().cursor
    insist(stage.cloud.ensure_deleted, server.id)
    stage.settle()
    assert [(one.id, one.status) for one in stage.cloud.list_servers(cursor).servers] == [(server.id, Status.DELETED)]
    assert server.id not in {one.id for one in stage.cloud.list_servers().servers}


def test_a_snapshot_is_found_by_its_name(stage: Any, server: Server) -> None:
    made = [insist(stage.cloud.ensure_snapshot, server.id, "for the class") for _ in range(2)]
    stage.settle()
    images = {image.id: image for image in stage.cloud.images()}
    assert made[0].id == made[1].id
    assert images[made[0].id].ready
    insist(stage.cloud.ensure_image_deleted, made[0].id)
    assert made[0].id not in {image.id for image in stage.cloud.images()}


def test_a_server_starts_from_a_snapshot(stage: Any, server: Server, make_spec: Specs) -> None:
    image = insist(stage.cloud.ensure_snapshot, server.id, "to start from")
    stage.settle()
    copy = insist(stage.cloud.ensure_server, make_spec(stage, image_id=image.id))
    stage.settle()
    assert look(stage, copy).status == Status.ACTIVE
    insist(stage.cloud.ensure_deleted, copy.id)
    insist(stage.cloud.ensure_image_deleted, image.id)


def test_a_running_server_tells_its_counters(stage: Any, server: Server) -> None:
    told = stage.cloud.diagnostics([server.id, "nobody"])
    assert list(told) == [server.id]
    assert told[server.id].cpu_seconds is not None


def test_the_console_says_that_it_is_ready(stage: Any, server: Server) -> None:
    assert "ready" in stage.cloud.console_log(server.id)


def test_each_verb_of_a_server_that_is_gone_says_so(stage: Any) -> None:
    cloud = stage.cloud
    for verb, *args in (
        (cloud.ensure_suspended,), (cloud.ensure_shelved,), (cloud.ensure_restarted, 1), (cloud.console_log,),
        (cloud.ensure_rebuilt, stage.image_id, 1), (cloud.ensure_renamed, "x"), (cloud.ensure_ports, frozenset({1})),
    ):  # fmt: skip
        with pytest.raises(CloudGone):
            insist(verb, "no-such-server", *args)
