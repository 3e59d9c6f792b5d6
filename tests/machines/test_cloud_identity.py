"""Rows belong to one cloud: another one is neither believed nor asked."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.management import call_command

from machines import cloud_identity, disk_images, tasks
from machines.idle import signals
from machines.models import CloudWatch, Machine, Stray
from tests.cloud.fake import FakeCloud
from tests.factories import grant
from tests.machines.found import found
from tests.machines.world import World


class OtherCloud(FakeCloud):
    identity = "another"


def elsewhere(world: World) -> World:
    """OS_CLOUD was changed: a perfectly good cloud answers, without any of our servers."""
    world.cloud = OtherCloud()
    world.forget_list()
    return world


def test_its_list_is_not_believed(world: World) -> None:
    machine = world.running()
    elsewhere(world)
    for _ in range(70):
        world.turn()
    machine.refresh_from_db()
    assert (machine.state, machine.wanted) == ("running", "running")
    assert world.called("list_servers") == 0


def test_nothing_is_asked_of_it(world: World) -> None:
    machine = world.running()
    elsewhere(world)
    Machine.objects.filter(pk=machine.pk).update(wanted="gone")
    world.turn()
    machine.refresh_from_db()
    assert machine.state != "gone"
    assert world.cloud.calls == []


def test_when_the_right_one_is_back_all_goes_on(world: World) -> None:
    machine, right = world.running(), world.cloud
    elsewhere(world).turn()
    world.cloud = right
    Machine.objects.filter(pk=machine.pk).update(wanted="suspended")
    assert world.until(machine, "suspended")


def test_an_administrator_may_say_that_it_is_meant(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = world.running()
    elsewhere(world)
    monkeypatch.setattr("portal.management.commands.accept_cloud.open_cloud", lambda: world.cloud)
    call_command("accept_cloud")
    assert CloudWatch.get_solo().cloud_identity == "another"
    assert world.until(machine, "gone")


def due(world: World) -> None:
    """Make something due for each task: a second server, a disk to take home, a first boot, a project, a sample of load."""
    machine = world.running()
    disk_images.request(machine=machine, by=world.student)
    second = found(world.cloud, "second")
    world.clock.move(settings.STRAY_SECONDS + 60)
    Machine.objects.update(setup_next_at=world.clock.now, setup="running")
    signals.gather(world.clock.now)
    Stray.objects.create(server_id=second.id, kind=Stray.Kind.SECOND, name="second", seen_at=machine.created_at)
    grant(world.student, machines=1)


TASKS = [tasks.tidy, tasks.tend_copies, tasks.watch_first_boots, tasks.tidy_tenants, tasks.sample]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: str(task.__name__))
@pytest.mark.parametrize("is_ours", [True, False], ids=["ours", "another"])
def test_a_task_asks_only_our_own_cloud(
    world: World, monkeypatch: pytest.MonkeyPatch, task: Callable[[], None], *, is_ours: bool
) -> None:
    due(world)
    if not is_ours:
        elsewhere(world)
    world.cloud.calls.clear()
    monkeypatch.setattr(cloud_identity, "open_cloud", lambda: world.cloud)
    task()
    assert bool(world.cloud.calls) == is_ours


def test_one_that_vanished_and_is_back_is_left_to_an_admin(world: World) -> None:
    """Nova's soft delete does so: an operator deleted it, then restored it."""
    machine = world.running()
    server = world.cloud.server(machine.server_id)
    world.cloud.vanish(server.id)
    world.until(machine, "gone")
    world.cloud._by_hand(server.id, status=server.status)
    world.forget_list()
    for _ in range(20):
        world.turn()
    assert Stray.objects.get(server_id=server.id).kind == Stray.Kind.LOST


def test_a_new_server_after_a_failure_owes_no_old_restart(world: World) -> None:
    machine = world.running()
    Machine.objects.filter(pk=machine.pk).update(
        restarts_asked=3, restarts_done=3, resets_asked=2, resets_done=2, wanted="suspended"
    )
    world.until(machine, "suspended")
    Machine.objects.filter(pk=machine.pk).update(wanted="running")
    world.until(machine, "running")
    assert (world.called("ensure_restarted"), world.called("ensure_rebuilt")) == (0, 0)
