"""Whole lives: a machine reaches what was wished, whatever the cloud does on the way."""

from copy import copy
from dataclasses import replace

import pytest

from machines import actions
from machines.models import CloudWatch, Machine
from machines.reconcile import sweep
from machines.stepper import worker
from quotas.models import Reservation
from tests.cloud.fake import BrokenCloud, FakeCloud, FullCloud, LosesReply, LosesRequest, SlowCloud
from tests.machines.world import World
from tunnels.models import Tunnel

WISHES = {"running": "wake", "suspended": "suspend", "shelved": "shelve"}


def test_it_runs_with_one_server_and_open_ports(world: World) -> None:
    machine = world.running()
    assert len(world.known(machine)) == 1
    assert {t.state for t in Tunnel.objects.of(machine.pk)} == {"open"}


@pytest.mark.parametrize(("identity", "has_password"), [("openstack:abc", False), ("local:abc", True)])
def test_a_screen_has_a_password_where_the_cloud_serves_it(world: World, identity: str, has_password: bool) -> None:
    """The listed cloud decides: with compose the web process has no OS_CLOUD."""
    CloudWatch.objects.update_or_create(pk=1, defaults={"cloud_identity": identity})
    world.template.services = [{"name": "screen", "port": 5900, "scheme": "vnc"}]
    assert bool(world.launch().vnc_password) is has_password


def test_it_keeps_its_ports_over_sleep_and_wake(world: World) -> None:
    machine = world.running()
    before = list(Tunnel.objects.of(machine.pk).values_list("service", "port"))
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    actions.wake(machine=machine, by=world.student)
    world.until(machine, "running")
    assert list(Tunnel.objects.of(machine.pk).values_list("service", "port")) == before


def test_its_ports_are_held_while_it_sleeps(world: World) -> None:
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    assert {t.state for t in Tunnel.objects.of(machine.pk)} == {"held"}


def test_deleting_gives_everything_back(world: World) -> None:
    machine = world.running()
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    world.turn()
    assert not world.known(machine)
    assert not Tunnel.objects.of(machine.pk).exists()
    assert not Reservation.objects.filter(closed_at__isnull=True).exists()


def test_the_quota_is_held_until_the_cloud_has_deleted_it(world: World) -> None:
    machine = world.running()
    actions.delete(machine=machine, by=world.student)
    worker.step(machine.pk, world.cloud)
    assert Reservation.objects.filter(closed_at__isnull=True).count() == 1


@pytest.mark.parametrize(
    ("verb", "asked", "done"),
    [("restart", "ensure_restarted", "cloud_restarts"), ("reset", "ensure_rebuilt", "cloud_resets")],
)
def test_what_is_asked_once_is_done_once(world: World, verb: str, asked: str, done: str) -> None:
    machine = world.running()
    getattr(actions, verb)(machine=machine, by=world.student)
    world.turn()
    world.until(machine, "running")
    assert world.called(asked) == 1
    assert getattr(machine, done) == 1


def test_a_port_opened_by_hand_reaches_the_cloud_and_opens(world: World) -> None:
    machine = world.running()
    tunnel = actions.open_port(machine=machine, port=8080, by=world.student)
    world.turn()
    world.until(machine, "running")
    tunnel.refresh_from_db()
    assert tunnel.state == "open"
    assert ("ensure_ports", machine.server_id, "22,80,8080") in world.cloud.calls


def test_a_port_opened_by_hand_leads_where_the_cloud_put_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The port's own number may be another program's where the guest runs on this computer."""
    machine, find = world.running(), world.cloud.find_server
    monkeypatch.setattr(world.cloud, "find_server", lambda *whose: replace(find(*whose), port_map={8080: 18080}))
    tunnel = actions.open_port(machine=machine, port=8080, by=world.student)
    world.turn()
    tunnel.refresh_from_db()
    assert (tunnel.wanted, tunnel.reach_port) == ("open", 18080)


@pytest.mark.slow
@pytest.mark.parametrize("cloud", [LosesRequest(), LosesReply(), SlowCloud()], ids=lambda c: type(c).__name__)
def test_each_lost_call_costs_a_turn_and_never_a_second_server(world: World) -> None:
    machine = world.running()
    for verb, state in (
        ("suspend", "suspended"),
        ("wake", "running"),
        ("shelve", "shelved"),
        ("wake", "running"),
        ("restart", "running"),
        ("reset", "running"),
    ):
        getattr(actions, verb)(machine=machine, by=world.student)
        world.turn()
        world.until(machine, state, turns=120)
        assert len(world.known(machine)) == 1
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone", turns=120)
    assert not world.known(machine)


CHANGES = [(a, b) for a in WISHES for b in [*WISHES, "gone"] if a != b]


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), CHANGES)
def test_a_mind_changed_at_any_moment_is_followed(world: World, first: str, second: str) -> None:
    """Try each of nine moments."""
    machine = world.launch() if first == "running" else world.running()
    if first != "running":
        _wish(machine, first, world)
    for turns in range(9):
        with world.what_if(f"after {turns} turns"):
            _changes_to(second, copy(machine), world)
        world.turn()


def _changes_to(wanted: str, machine: Machine, world: World) -> None:
    if not _wish(machine, wanted, world):
        return  # refused with a sentence: nothing to follow
    world.until(machine, wanted)
    assert len(world.known(machine)) == (0 if wanted == "gone" else 1)


def _wish(machine: Machine, wanted: str, world: World) -> bool:
    try:
        (actions.delete if wanted == "gone" else getattr(actions, WISHES[wanted]))(machine=machine, by=world.student)
    except actions.WrongState:
        return False
    return True


@pytest.mark.parametrize("cloud", [FullCloud()], ids=["full"])
def test_a_full_cluster_queues_and_lets_in_by_order(world: World, cloud: FakeCloud) -> None:
    first = world.launch("first")
    world.clock.move(1)
    second = world.launch("second")
    for _turn in range(5):
        world.turn()
    second.refresh_from_db()
    assert (second.state, str(second.note)) == (
        "queued",
        "The cluster is full. 1 machine is before this one; it starts by itself.",
    )
    cloud.full = False
    world.until(first, "running")
    world.until(second, "running")
    first.refresh_from_db(), second.refresh_from_db()
    assert first.build_started_at < second.build_started_at


@pytest.mark.slow
@pytest.mark.parametrize("cloud", [BrokenCloud()], ids=["down"])
def test_an_outage_fails_nobody(world: World, cloud: FakeCloud) -> None:
    machine = world.launch()
    for _turn in range(30):
        world.clock.move(60)
        world.turn()
    machine.refresh_from_db()
    assert machine.state == "new"
    assert str(machine.note).startswith("The cluster does not answer just now.")
    cloud.busy = False
    world.clock.move(60)
    world.until(machine, "running")


@pytest.mark.parametrize("cloud", [LosesRequest(times=1)], ids=["loses"])
def test_an_outage_in_the_middle_of_a_sleep_fails_nobody(world: World, cloud: FakeCloud) -> None:
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    world.turn()
    cloud.busy = True
    for _turn in range(30):
        world.clock.move(60)
        world.turn()
    cloud.busy = False
    world.clock.move(60)
    world.until(machine, "suspended")


def test_time_in_which_the_cloud_was_away_does_not_count(world: World, cloud: FakeCloud) -> None:
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    worker.step(machine.pk, cloud)
    cloud.busy = True
    world.clock.move(3600)
    sweep.tick(cloud, world.clock.now)
    cloud.busy = False
    world.clock.move(5)
    sweep.tick(cloud, world.clock.now)
    worker.step(machine.pk, cloud)
    machine.refresh_from_db()
    assert machine.state == "suspending"


@pytest.mark.parametrize("verb", ["launch", "suspend", "wake", "restart"])
def test_a_server_that_vanishes_on_the_way_is_noticed_at_once(world: World, verb: str) -> None:
    machine = world.launch() if verb == "launch" else world.running()
    if verb == "wake":
        actions.suspend(machine=machine, by=world.student)
        world.until(machine, "suspended")
    if verb != "launch":
        getattr(actions, verb)(machine=machine, by=world.student)
    worker.step(machine.pk, world.cloud)
    world.cloud.vanish(world.known(machine)[0])
    assert str(world.until(machine, "gone", turns=8).note).startswith("It no longer exists on the cluster")


def test_a_wish_without_effect_is_repeated_then_given_up(world: World) -> None:
    machine = world.running()
    world.cloud._start = lambda *_args: None  # type: ignore[method-assign]  # accepts, and does nothing
    actions.suspend(machine=machine, by=world.student)
    for _turn in range(60):
        world.forget_list()
        world.turn()
    machine.refresh_from_db()
    assert machine.state == "failed"
    assert world.called("ensure_suspended") == 6


def test_a_guest_that_cannot_sleep_keeps_running(world: World) -> None:
    type(world.template.image).objects.update(cloud_id="restless")
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    world.turn()
    world.until(machine, "running")
    assert machine.wanted == "running"
    assert machine.events.filter(kind="noted").exists()


def test_an_image_that_is_gone_fails_with_a_sentence(world: World) -> None:
    type(world.template.image).objects.update(cloud_id="was-deleted")
    machine = world.until(world.launch(), "failed")
    assert str(machine.note).startswith("What it is made of is no longer on the cluster.")


def test_a_guest_that_never_answers_is_called_running_with_a_warning(world: World) -> None:
    machine = world.launch()
    world.turn()
    world.agent_works = False
    for _turn in range(10):
        world.turn()
    world.clock.move(200)
    world.until(machine, "running")
    assert str(machine.note).startswith("It runs, but it has not answered yet.")


def test_two_workers_never_step_one_machine(world: World) -> None:
    machine = world.launch()
    Machine.objects.update(claimed_until=world.clock.now.replace(year=2027))
    worker.step(machine.pk, world.cloud)
    assert world.cloud.calls == []


def test_a_dead_workers_claim_runs_out(world: World) -> None:
    machine = world.launch()
    Machine.objects.update(claimed_until=world.clock.now)
    world.clock.move(61)
    world.until(machine, "running")
