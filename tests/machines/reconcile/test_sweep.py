"""A list tells all rows, and what the cloud's own people did is taken over."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from machines import actions
from machines.models import CloudWatch, Machine, Stray
from machines.reconcile.strays import remove_strays
from machines.reconcile.sweep import tick
from tests.cloud.fake import FakeCloud
from tests.machines.found import spec
from tests.machines.world import World


@pytest.mark.slow
def test_a_sweep_of_settled_machines_is_one_list_call(world: World) -> None:
    for n in range(4):
        world.until(world.launch(f"m{n}"), "running")
    world.cloud.calls.clear()
    world.clock.move(16)
    tick(world.cloud, world.clock.now)
    assert [c[0] for c in world.cloud.calls] == ["list_servers"]


@pytest.mark.slow
def test_its_queries_do_not_grow_with_settled_machines(world: World) -> None:
    counts = []
    for n in range(6):
        world.until(world.launch(f"m{n}"), "running")
        world.clock.move(16)
        world.forget_list()
        with CaptureQueriesContext(connection) as seen:
            tick(world.cloud, world.clock.now)
        counts.append(len(seen))
    assert counts[1] >= counts[5], counts


def test_it_lists_rarely_when_nothing_is_unsettled(world: World) -> None:
    world.running()
    world.turn()
    world.cloud.calls.clear()
    for _second in range(14):
        world.turn()
    assert world.called("list_servers") <= 1


def test_two_sweeps_at_once_make_one_list(world: World) -> None:
    CloudWatch.get_solo()
    CloudWatch.objects.update(claimed_until=world.clock.now.replace(year=2027))
    tick(world.cloud, world.clock.now)
    assert world.cloud.calls == []


def test_suspended_by_hand_becomes_the_wish(world: World) -> None:
    machine = world.running()
    world.cloud.hand_suspend(machine.server_id)
    world.clock.move(16)
    world.turn()
    world.until(machine, "suspended")
    assert (machine.wanted, world.called("ensure_running")) == ("suspended", 0)


def test_switched_off_from_inside_can_be_woken(world: World) -> None:
    machine = world.running()
    world.cloud.hand_stop(machine.server_id)
    world.clock.move(16)
    world.turn()
    world.until(machine, "suspended")
    actions.wake(machine=machine, by=world.student)
    world.until(machine, "running")


def test_woken_by_hand_opens_its_ports_again(world: World) -> None:
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    world.cloud.ensure_running(machine.server_id)
    world.cloud.settle()
    world.clock.move(16)
    world.turn()
    world.until(machine, "running")


def test_deleted_by_hand_is_gone_and_frees_the_quota(world: World) -> None:
    machine = world.running()
    world.cloud.vanish(machine.server_id)
    world.clock.move(16)
    world.turn()
    machine.refresh_from_db()
    assert (machine.state, str(machine.note)) == (
        "gone",
        "It no longer exists on the cluster: somebody deleted it there.",
    )
    assert not machine.owner.reservations.filter(closed_at__isnull=True).exists()


def test_deleted_without_a_trace_is_found_by_a_whole_list(world: World) -> None:
    machine = world.running()
    world.cloud.vanish(machine.server_id, trace=False)
    world.clock.move(61)
    world.turn()
    machine.refresh_from_db()
    assert machine.state == "gone"


def test_a_tag_that_somebody_wiped_is_not_missed(world: World) -> None:
    machine = world.running()
    world.cloud._by_hand(machine.server_id, machine="", owner="")
    world.forget_list()
    world.clock.move(61)
    world.turn()
    assert world.until(machine, "running").server_id
    assert not Stray.objects.exists()


def test_a_list_that_began_before_our_wish_is_not_believed(world: World) -> None:
    machine = world.running()
    Machine.objects.filter(pk=machine.pk).update(asked_at=world.clock.now.replace(year=2027))
    world.cloud.vanish(machine.server_id)
    world.clock.move(61)
    world.turn()
    machine.refresh_from_db()
    assert machine.state == "running"


def test_a_second_server_of_one_machine_goes_after_its_grace(world: World) -> None:
    machine = world.running()
    twin = world.cloud._build(spec(str(machine.pk)))
    world.clock.move(61)
    world.turn()
    assert remove_strays(world.cloud, world.clock.now) == 0
    world.clock.move(121)
    assert remove_strays(world.cloud, world.clock.now) == 1
    world.cloud.settle()
    assert twin.id not in world.known(machine)
    assert machine.server_id in world.known(machine)


def test_a_server_that_no_row_knows_is_reported_and_left_alone(world: World, cloud: FakeCloud) -> None:
    server = cloud.ensure_server(spec("7b1c6f4e-0000-4000-8000-000000000000"))
    world.turn()
    world.turn()
    world.clock.move(10_000)
    assert remove_strays(cloud, world.clock.now) == 0
    assert Stray.objects.get().server_id == server.id


def test_a_failed_machine_that_is_well_after_all_is_picked_up(world: World) -> None:
    machine = world.running()
    world.cloud.break_server(machine.server_id)
    world.clock.move(16)
    world.turn()
    world.until(machine, "failed")
    world.cloud._by_hand(machine.server_id, status="active")
    world.clock.move(16)
    for _turn in range(20):
        world.turn()
    machine.refresh_from_db()
    assert machine.state == "running"


def test_a_cloud_that_is_silent_for_long_is_said_once_and_its_return_too(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Every process of a worker sweeps in turn: they share what was said."""
    caplog.set_level("INFO", logger="machines.reconcile.sweep")
    world.cloud.busy = True
    for _second in range(30):
        world.turn_without_steps()
    world.cloud.busy = False
    for _second in range(5):
        world.turn_without_steps()
    said = [record.getMessage() for record in caplog.records if record.name == "machines.reconcile.sweep"]
    assert [text.partition(":")[0] for text in said] == [
        "the cloud could not be listed",
        "the cloud can be listed again",
    ]
