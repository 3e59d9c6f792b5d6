"""Every cloud's promises about servers. This suite (all of test_contract_*.py) runs on both kinds of local cloud and on the fakes."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from cloud.contract import Cause, CloudBusy, CloudGone, CloudRefused, Owner, Server, ServerSpec, Status
from tests.cloud.conftest import look
from tests.cloud.local_stage import insist
from tests.waiting import until

Specs = Callable[..., ServerSpec]


def test_a_server_comes_up_with_an_address(stage: Any, server: Server) -> None:
    assert (server.status, server.task, bool(server.address)) == (Status.ACTIVE, "", True)


def test_a_server_is_found_by_its_machine(stage: Any, server: Server) -> None:
    found = stage.cloud.find_server(server.machine, Owner(server.owner))
    assert found
    assert found.id == server.id


def test_a_machine_that_nobody_has_is_not_found(stage: Any) -> None:
    assert stage.cloud.find_server(str(uuid.uuid4()), Owner(str(uuid.uuid4()))) is None


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
    for spec in (make_spec(stage, flavor_id="huge"), make_spec(stage, image_id=str(uuid.uuid4()))):
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


def test_a_sleeping_server_can_be_shelved(stage: Any, server: Server) -> None:
    insist(stage.cloud.ensure_suspended, server.id)
    stage.settle()
    insist(stage.cloud.ensure_shelved, server.id)
    stage.settle()
    assert look(stage, server).status == Status.SHELVED
    insist(stage.cloud.ensure_deleted, server.id)


def test_a_restart_is_done_once_for_its_number(stage: Any, server: Server) -> None:
    # A guest that is still booting does not hear that it shall restart.
    until(lambda: "ready" in stage.cloud.console_log(server.id), "the guest says that it is ready")
    number = server.restarts + 1
    insist(stage.cloud.ensure_restarted, server.id, number)
    stage.settle()
    insist(stage.cloud.ensure_restarted, server.id, number)
    assert look(stage, server).task == ""
    assert (look(stage, server).restarts, look(stage, server).status) == (number, Status.ACTIVE)


def test_a_hard_restart_is_done_once_for_its_number(stage: Any, server: Server) -> None:
    number = server.restarts + 1
    for _ in range(2):
        insist(stage.cloud.ensure_hard_restarted, server.id, number)
        stage.settle()
    until(lambda: counted(stage, server, number), "it is counted")
    assert (look(stage, server).status, look(stage, server).address) == (Status.ACTIVE, server.address)


def counted(stage: Any, server: Server, number: int) -> bool:
    """Ask for the restart until the list counts it, as the life cycle does."""
    insist(stage.cloud.ensure_hard_restarted, server.id, number)
    return bool(look(stage, server).restarts == number)


def test_a_hard_restart_starts_what_is_off(stage: Any, server: Server) -> None:
    insist(stage.cloud.ensure_stopped, server.id)
    stage.settle()
    insist(stage.cloud.ensure_hard_restarted, server.id, server.restarts + 1)
    stage.settle()
    assert look(stage, server).status == Status.ACTIVE


def test_a_broken_one_is_restarted_by_force(stage: Any, server: Server) -> None:
    stage.break_server(server)
    insist(stage.cloud.ensure_hard_restarted, server.id, server.restarts + 1)
    stage.settle()
    assert (look(stage, server).status, look(stage, server).fault) == (Status.ACTIVE, "")


def test_a_broken_one_is_stopped_and_started(stage: Any, server: Server) -> None:
    stage.break_server(server)
    for verb, status in ((stage.cloud.ensure_stopped, Status.STOPPED), (stage.cloud.ensure_running, Status.ACTIVE)):
        for _ in range(2):
            insist(verb, server.id)
            stage.settle()
        assert look(stage, server).status == status


def test_a_rescue_leads_there_and_back_or_is_refused(stage: Any, server: Server) -> None:
    try:
        for _ in range(2):
            insist(stage.cloud.ensure_rescued, server.id)
            stage.settle()
    except CloudRefused:
        assert look(stage, server).status == Status.ACTIVE
        return
    assert look(stage, server).status == Status.RESCUED
    insist(stage.cloud.ensure_running, server.id)
    stage.settle()
    assert look(stage, server).status == Status.ACTIVE


def test_a_rebuild_keeps_id_and_address(stage: Any, server: Server, make_spec: Specs) -> None:
    number = server.resets + 1
    insist(stage.cloud.ensure_rebuilt, server.id, make_spec(stage), number)
    stage.settle()
    insist(stage.cloud.ensure_rebuilt, server.id, make_spec(stage), number)
    assert look(stage, server).task == ""
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
    assert stage.cloud.find_server(server.machine, Owner(server.owner)) is None
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


def changes(stage: Any, cursor: str, server: Server) -> list[Server]:
    """Wait for this server in a list of changes, where it may come some moments later."""

    def told() -> list[Server]:
        return [one for one in stage.cloud.list_servers(cursor).servers if one.id == server.id]

    return until(told, f"a list of changes with {server.id}")


def quiet_cursor(stage: Any, server: Server) -> str:
    """Return a cursor since which this server has not changed; '' while an older change is listed again."""
    cursor: str = stage.cloud.list_servers().cursor
    told = stage.cloud.list_servers(cursor).servers
    return "" if server.id in {one.id for one in told} else cursor


def test_a_list_of_changes_tells_only_what_changed(stage: Any, server: Server, make_spec: Specs) -> None:
    cursor = until(lambda: quiet_cursor(stage, server), "a list of changes without this server")
    insist(stage.cloud.ensure_renamed, server.id, "blue-fox")
    assert [one.name for one in changes(stage, cursor, server)] == ["blue-fox"]
    assert not stage.cloud.list_servers(cursor).whole


def test_a_list_of_changes_tells_what_was_deleted(stage: Any, server: Server) -> None:
    cursor = stage.cloud.list_servers().cursor
    insist(stage.cloud.ensure_deleted, server.id)
    stage.settle()
    assert [one.status for one in changes(stage, cursor, server)] == [Status.DELETED]
    assert server.id not in {one.id for one in stage.cloud.list_servers().servers}


def test_a_running_server_tells_its_counters(stage: Any, server: Server) -> None:
    told = until(
        lambda: stage.cloud.diagnostics([server.id, "nobody"]), "it tells"
    )  # a busy guest may be too late for one look
    assert list(told) == [server.id]
    assert told[server.id].cpu_seconds is not None


def test_the_console_says_that_it_is_ready(stage: Any, server: Server) -> None:
    until(lambda: "ready" in stage.cloud.console_log(server.id), "the guest says that it is ready")


def test_of_a_console_only_the_last_lines_come(stage: Any, server: Server) -> None:
    until(lambda: "ready" in stage.cloud.console_log(server.id), "the guest says that it is ready")
    assert len(stage.cloud.console_log(server.id, 1).splitlines()) <= 1


def test_a_serial_console_is_offered_or_not_but_never_fails(stage: Any, server: Server) -> None:
    offered = insist(stage.cloud.serial_console, server.id)
    assert (offered is not None) == stage.has_serial_consoles


def test_a_server_tells_its_size_and_whose_it_is(stage: Any, server: Server, owner: Owner) -> None:
    assert server.flavor is not None
    assert (server.flavor.ram_mb, server.owner) == (stage.flavor_ram_mb, owner.key)


def test_an_adopted_server_is_found_by_its_new_machine(stage: Any, server: Server) -> None:
    machine, owner = str(uuid.uuid4()), Owner(str(uuid.uuid4()), "somebody-else")
    for _ in range(2):
        insist(stage.cloud.ensure_adopted, server.id, machine, owner)
    found = until(lambda: stage.cloud.find_server(machine, owner, server.project), "it is found by its new machine")
    assert (found.id, found.owner) == (server.id, owner.key)
    assert stage.cloud.find_server(server.machine, Owner(server.owner)) is None
    insist(stage.cloud.ensure_deleted, server.id)


def test_one_that_was_never_asked_for_is_made_without_a_look(stage: Any, make_spec: Specs) -> None:
    spec = make_spec(stage, is_new=True)
    first = insist_once_new(stage, spec)
    assert insist(stage.cloud.ensure_server, replace(spec, is_new=False)).id == first.id
    insist(stage.cloud.ensure_deleted, first.id)


def insist_once_new(stage: Any, spec: ServerSpec) -> Server:
    """Ask as the life cycle does: as new once, and after a lost reply no more."""
    try:
        made: Server = stage.cloud.ensure_server(spec)
    except CloudBusy:
        return insist(stage.cloud.ensure_server, replace(spec, is_new=False))
    return made


def test_each_verb_of_a_server_that_is_gone_says_so(stage: Any, make_spec: Specs) -> None:
    cloud = stage.cloud
    adopted = (cloud.ensure_adopted, str(uuid.uuid4()), Owner(str(uuid.uuid4()), "nobody"))
    for verb, *args in (
        (cloud.ensure_suspended,), (cloud.ensure_shelved,), (cloud.ensure_restarted, 1), (cloud.console_log,),
        (cloud.serial_console,),
        (cloud.ensure_hard_restarted, 1), (cloud.ensure_rescued,), (cloud.ensure_moved, 1),
        (cloud.ensure_rebuilt, make_spec(stage), 1), (cloud.ensure_renamed, "x"),
        (cloud.ensure_ports, frozenset({1})), adopted,
    ):  # fmt: skip
        with pytest.raises(CloudGone):
            insist(verb, "no-such-server", *args)


def test_an_image_or_a_size_that_is_not_there_is_named_as_the_cause(stage: Any, make_spec: Specs) -> None:
    for part, cause in (("image_id", Cause.IMAGE_GONE), ("flavor_id", Cause.SIZE_GONE)):
        with pytest.raises(CloudGone) as caught:
            insist(stage.cloud.ensure_server, make_spec(stage, **{part: str(uuid.uuid4())}))
        assert caught.value.cause == cause
