"""Every loop passes by what a restore holds, until that was compared with the cloud. Each test shows that the loop acts otherwise."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import addresses
from accounts.models import User
from machines import actions, deactivated_owners, disk_images, visitors, wake_on_connect
from machines.idle import delivery, enforce, make_room, questions, signals
from machines.models import Activity, CloudWatch, DiskImage, Machine, Stray
from machines.reconcile import overlap, sweep, tenants
from machines.reconcile.strays import remove_strays
from machines.stepper import first_boot, worker
from quotas.models import Reservation
from tests.factories import make_machine
from tests.machines.found import spec
from tests.machines.idle.asked import asked, notice, told, visited
from tests.machines.idle.quiet import row
from tests.machines.stepper.archived_machines import archived
from tests.machines.world import Clock, World
from tunnels.models import Tunnel

pytestmark = pytest.mark.slow

HOME = "203.0.113.9"


@pytest.fixture(params=[False, True], ids=["free", "held"])
def held(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def hold(held: bool) -> None:
    """Hold all machines, where the test says so, as a restore does."""
    if held:
        Machine.objects.update(held_at=timezone.now())


def hold_watch(held: bool) -> None:
    CloudWatch.get_solo()
    if held:
        CloudWatch.objects.update(held_at=timezone.now())


def wanted(machine: Machine) -> set[str]:
    return set(Tunnel.objects.of(machine.pk).values_list("wanted", flat=True))


def state(machine: Machine) -> str:
    machine.refresh_from_db()
    return machine.state


# ---- steps and the sweep ----


def test_no_step_is_taken(world: World, held: bool) -> None:
    machine = world.launch()
    hold(held)
    worker.step(machine.pk, world.cloud)
    assert bool(world.cloud.calls) is not held


def test_nobody_rings_for_it(world: World, held: bool) -> None:
    world.launch()
    hold(held)
    assert bool(sweep._due(timezone.now() + sweep.BELL_PAUSE)) is not held


def test_the_cloud_is_not_listed(world: World, held: bool) -> None:
    hold_watch(held)
    sweep.tick(world.cloud, timezone.now())
    assert bool(world.called("list_servers")) is not held


@pytest.mark.parametrize("deed", ["hand_suspend", "vanish"])
def test_a_list_changes_nothing(world: World, held: bool, deed: str) -> None:
    machine = world.running()
    hold(held)
    getattr(world.cloud, deed)(machine.server_id)
    for _turn in range(3):
        world.forget_list()
        world.turn_without_steps()
    machine.refresh_from_db()
    assert (machine.state, machine.cloud_status) == ("running", "active") or not held
    assert (machine.state == "running") is held


def test_another_server_with_its_tag_is_not_taken(world: World, held: bool) -> None:
    machine = world.running()
    hold(held)
    world.cloud.vanish(machine.server_id)
    world.cloud._build(spec(str(machine.pk), str(machine.owner.uuid)))
    world.cloud.settle()
    world.forget_list()
    world.turn_without_steps()
    assert (Machine.objects.get().server_id == machine.server_id) is held


def test_it_keeps_nobodys_place_in_the_queue(world: World, held: bool) -> None:
    first = world.launch("first")
    Machine.objects.update(state="queued", queued_at=timezone.now())
    hold(held)
    world.clock.move(1)
    second = world.launch("second")
    assert bool(Machine.objects.waiting_before(second).filter(pk=first.pk)) is not held


def test_its_console_is_not_read(world: World, held: bool) -> None:
    world.running()
    Machine.objects.update(setup_next_at=timezone.now())
    hold(held)
    world.cloud.calls.clear()
    first_boot.tend(world.cloud, timezone.now())
    assert bool(world.called("console_log")) is not held


# ---- what is taken away ----


def test_no_second_server_is_removed(world: World, held: bool) -> None:
    Stray.objects.create(server_id="second", kind="second", seen_at=timezone.now() - timedelta(days=9))
    hold_watch(held)
    assert (remove_strays(world.cloud, timezone.now()) == 0) is held


def test_no_project_of_people_is_taken_away(world: World, held: bool) -> None:
    machine = world.running()
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    hold_watch(held)
    world.clock.move(400 * 86_400)
    tenants.tidy(world.cloud, timezone.now())
    assert bool(world.called("ensure_owner_gone")) is not held


def test_no_image_is_deleted(world: World, held: bool) -> None:
    machine = world.running()
    long_ago = timezone.now() - timedelta(days=2)
    DiskImage.objects.create(machine=machine, kind="download", state="ready", image_id="i", expires_at=long_ago)
    hold(held)
    disk_images.tidy(world.cloud, timezone.now())
    assert bool(world.called("ensure_image_deleted")) is not held


def test_no_image_is_made(world: World, held: bool) -> None:
    disk_images.request(machine=world.running(), by=world.student)
    hold(held)
    disk_images.tend(world.cloud, timezone.now())
    assert bool(world.called("ensure_archived")) is not held


def test_its_shares_are_not_counted_anew(world: World, held: bool) -> None:
    archived(world)
    Reservation.objects.all().delete()
    hold(held)
    overlap.catch_up(timezone.now())
    assert Reservation.objects.exists() is not held


# ---- ports ----


def test_its_ports_are_not_shut(student: User, held: bool) -> None:
    machine = make_machine(student)
    hold(held)
    User.objects.update(is_active=False)
    deactivated_owners.follow(timezone.now())
    assert (wanted(machine) == {"open"}) is held


def test_its_ports_are_not_opened(student: User, held: bool) -> None:
    machine = make_machine(student)
    Tunnel.objects.update(wanted="closed")
    hold(held)
    assert deactivated_owners.follow(timezone.now()) == int(not held)
    assert (Machine.objects.get(pk=machine.pk).ports_asked == 0) is held


def test_its_shut_ports_are_not_held_for_visitors(student: User, held: bool) -> None:
    machine = make_machine(student, state="suspended", wanted="suspended")
    Tunnel.objects.update(wanted="closed")
    hold(held)
    visitors.follow(timezone.now())
    assert (wanted(machine) == {"closed"}) is held


def test_no_visitor_wakes_it(student: User, held: bool) -> None:
    addresses.note(user=student, address=HOME, at=timezone.now())
    machine = make_machine(student, state="suspended", wanted="suspended")
    visitors.hold(machine, timezone.now())
    hold(held)
    assert wake_on_connect.knock(Tunnel.objects.of(machine.pk)[0], HOME, timezone.now()).wakes is not held


# ---- idle rules ----


def test_its_owner_is_not_asked(clock: Clock, student: User, held: bool) -> None:
    row(student, clock.now)
    hold(held)
    assert bool(enforce.tick(clock.now)) is not held


def test_one_that_is_held_since_the_plan_was_made_is_left_alone(clock: Clock, student: User, held: bool) -> None:
    row(student, clock.now)
    steps = enforce.plan(enforce.load_outlooks(clock.now), clock.now)
    hold(held)
    assert [enforce._done(step, clock.now) for step in steps] == [not held]


def test_nobody_makes_room_for_it(clock: Clock, student: User, student2: User, held: bool) -> None:
    waits = make_machine(student2, state="queued", queued_at=clock.now - timedelta(minutes=1))
    row(student, clock.now, state="suspended")
    Machine.objects.filter(pk=waits.pk).update(held_at=clock.now if held else None)
    assert bool(make_room.plan(enforce.load_outlooks(clock.now), clock.now)) is not held


def test_its_signals_are_not_gathered(clock: Clock, student: User, held: bool) -> None:
    make_machine(student)
    hold(held)
    signals.gather(clock.now)
    assert Activity.objects.exists() is not held


def test_its_load_is_not_asked_for(world: World, held: bool) -> None:
    machine = world.running()
    Activity.objects.get_or_create(machine=machine)
    hold(held)
    signals.sample(world.cloud, timezone.now())
    assert bool(world.called("diagnostics")) is not held


def test_its_use_is_not_noted(clock: Clock, student: User, held: bool) -> None:
    machine = row(student, clock.now, ports_at=clock.now)
    hold(held)
    signals.gather(clock.now)
    assert (Machine.objects.get(pk=machine.pk).used_at == machine.used_at) is held


def test_no_countdown_of_its_question_begins(clock: Clock, student: User, held: bool) -> None:
    question = asked(visited(student))
    told(question)
    type(question).objects.update(ends_at=None)
    hold(held)
    assert questions.settle(clock.now) == int(not held)


def test_no_line_is_written_into_its_terminals(
    clock: Clock, student: User, held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = asked(visited(student))
    Tunnel.objects.update(connections=1)
    monkeypatch.setattr("machines.terminal_lines.has_key", lambda: True)
    lines: dict[Any, str] = {}
    monkeypatch.setattr("machines.terminal_lines.write", lambda told: lines.update(told) or {})
    hold(held)
    delivery.write_lines(clock.now)
    assert bool(lines) is not held
    assert ("restore" in notice(question, "terminal").fault) is held
