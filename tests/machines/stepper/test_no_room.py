"""A cluster without room: asked cheaply, less and less often, in one line of the history."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from machines.idle import make_room
from machines.models import CloudWatch, Machine
from machines.stepper import worker
from tests.machines.world import World


def sent_back(world: World, machine: Machine) -> timedelta:
    """Let the cloud say that it has room, take the launch, and find no host; return how long it is left alone then."""
    Machine.objects.update(retry_at=None)
    while machine.state != "building":
        world.turn()
        machine.refresh_from_db()
    world.cloud.break_server(world.known(machine)[0], "No valid host was found.", full=True)
    while machine.state != "queued":
        world.turn_without_steps()
        worker.step(machine.pk, world.cloud)
        machine.refresh_from_db()
    assert machine.retry_at
    return machine.retry_at - timezone.now()


def history(machine: Machine) -> list[str]:
    return [event.to_state for event in machine.events.filter(kind="moved").order_by("pk")]


def test_while_there_is_no_room_nothing_is_made(world: World) -> None:
    world.cloud.full = True
    machine = world.launch()
    for _turn in range(20):
        world.turn()
    machine.refresh_from_db()
    assert machine.state == "queued"
    assert world.called("ensure_server") <= 1
    world.cloud.full = False
    assert history(world.until(machine, "running"))[-2:] == ["building", "running"]


def test_a_launch_asks_for_room_only_where_it_is_in_doubt(world: World) -> None:
    world.running()
    assert world.called("has_room") == 0
    world.cloud.full = True
    room = {"vcpus_used": 512, "ram_mb_used": 524288, "disk_gb_used": 4096, "biggest_free": {}}
    CloudWatch.objects.update(room={**CloudWatch.get_solo().room, **room})
    worker.step(world.launch("second").pk, world.cloud)
    assert (world.called("has_room"), world.called("ensure_server")) == (1, 1)


def test_it_backs_off_and_the_history_has_one_line(world: World) -> None:
    machine = world.launch()
    pauses = [round(sent_back(world, machine).total_seconds()) for _time in range(4)]
    assert pauses == [3, 6, 12, 24]
    assert history(machine) == ["building", "queued"]


def test_once_a_host_is_found_the_history_goes_on_and_it_begins_anew(world: World) -> None:
    machine = world.launch()
    for _time in range(3):
        sent_back(world, machine)
    machine = world.until(machine, "running")
    assert history(machine) == ["building", "queued", "building", "running"]
    assert machine.full_tries == 0


def test_who_launched_first_is_first_in_the_queue_whoever_was_sent_back_first(world: World) -> None:
    first = world.launch()
    world.turn()
    second = world.launch("second")
    world.turn()
    for machine in (second, first):
        sent_back(world, machine)
    assert list(Machine.objects.order_by("queued_at")) == [first, second]


def test_nobody_can_tell_how_long_it_takes(world: World, client: Client) -> None:
    world.cloud.full = True
    machine = world.launch()
    world.turn()
    client.force_login(world.student)
    assert "It is not known how long that will take." in client.get(f"/api/v1/machines/{machine.pk}/").json()["note"]


def test_nobody_can_tell_of_one_that_is_sent_back_though_there_is_room(world: World) -> None:
    cache.set(make_room._KEY, make_room.Queue((timezone.now(),)), 600)  # a place becomes free, which would be its turn
    machine = world.launch()
    sent_back(world, machine)
    assert make_room.estimates([machine], timezone.now()) == {machine.pk: 1}
    sent_back(world, machine)
    assert make_room.estimates([machine], timezone.now()) == {}


@pytest.mark.parametrize(("waited", "pause"), [(10, 3), (100, 5), (3600, 15)])
def test_who_has_waited_long_looks_less_often(world: World, waited: int, pause: int) -> None:
    world.cloud.full = True
    machine = world.launch()
    world.turn()
    now = timezone.now()
    Machine.objects.update(queued_at=now - timedelta(seconds=waited), retry_at=None)
    worker.step(machine.pk, world.cloud)
    machine.refresh_from_db()
    assert machine.retry_at
    assert (machine.retry_at - now).total_seconds() == pytest.approx(pause, abs=1)
