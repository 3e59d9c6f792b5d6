"""Wishes that people may have, and the sentence when they may not."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from lib.names import BadName
from lib.notes import Refusal
from machines import actions
from machines.actions import NoTemplate, WrongState, allowed
from machines.models import CloudWatch, Machine
from machines.offers import offers
from machines.progress import SAMPLE, progress_of, typical_seconds, typical_seconds_before
from machines.states import State
from tests.factories import make_machine, make_template
from tests.machines.world import World
from tunnels.models import Tunnel


def test_a_launch_without_a_name_takes_the_templates(world: World) -> None:
    assert world.launch(name="  ").name == "Lab"


@pytest.mark.parametrize("name", ["a\nb", "x" * 10_000, "\x00"])
def test_a_bad_name_makes_nothing(world: World, name: str) -> None:
    with pytest.raises(BadName):
        world.launch(name=name)
    assert not Machine.objects.exists()


def test_an_unknown_template_is_refused(student: User) -> None:
    with pytest.raises(NoTemplate):
        actions.launch(owner=student, template=None, name="", by=student)


def test_a_second_delete_says_so(student: User) -> None:
    machine = make_machine(student)
    actions.delete(machine=machine, by=student)
    with pytest.raises(WrongState, match="being deleted already"):
        actions.delete(machine=machine, by=student)


def test_deleting_what_is_gone_says_so(student: User) -> None:
    with pytest.raises(WrongState, match="has been deleted already"):
        actions.delete(machine=make_machine(student, state="gone"), by=student)


@pytest.mark.parametrize("state", State.values)
@pytest.mark.parametrize("verb", ["suspend", "wake", "shelve", "restart", "reset", "retry"])
def test_a_verb_is_taken_or_refused_with_a_sentence_in_every_state(student: User, state: str, verb: str) -> None:
    machine = make_machine(student, state=state)
    if verb in allowed(machine):
        getattr(actions, verb)(machine=machine, by=student)
        return
    with pytest.raises(WrongState) as refusal:
        getattr(actions, verb)(machine=machine, by=student)
    assert len(str(refusal.value)) > 20


@pytest.mark.parametrize("port", [0, -1, 65536, 10**30])
def test_a_port_out_of_range_is_refused(student: User, port: int) -> None:
    with pytest.raises(Refusal, match="from 1 to 65535"):
        actions.open_port(machine=make_machine(student), port=port, by=student)


def test_a_port_that_the_template_has_is_refused(student: User) -> None:
    with pytest.raises(Refusal, match="22"):
        actions.open_port(machine=make_machine(student), port=22, by=student)


def test_a_templates_own_port_cannot_be_closed(student: User) -> None:
    machine = make_machine(student)
    with pytest.raises(Refusal, match="belongs to the template"):
        actions.close_port(machine=machine, tunnel_id=Tunnel.objects.of(machine.pk)[0].pk, by=student)


def test_a_strangers_port_is_not_found(student: User, student2: User) -> None:
    theirs = Tunnel.objects.of(make_machine(student2).pk)[0]
    with pytest.raises(Refusal) as refusal:
        actions.close_port(machine=make_machine(student), tunnel_id=theirs.pk, by=student)
    assert refusal.value.status == 404


def test_renaming_is_written_into_the_history(student: User) -> None:
    machine = actions.rename(machine=make_machine(student), name="new", by=student)
    assert str(machine.events.first().note) == "Renamed from “mine” to “new”."


def test_a_size_that_no_computer_has_is_refused_before_it_queues(student: User, world: World) -> None:
    CloudWatch.objects.update_or_create(
        pk=1,
        defaults={
            "room": {"vcpus": 1, "vcpus_used": 0, "ram_mb": 64, "ram_mb_used": 0, "disk_gb": 9, "disk_gb_used": 0}
        },
    )
    with pytest.raises(Refusal, match="big enough"):
        world.launch()
    assert str(offers(student)[0].why_not).startswith("No computer")


def test_many_small_computers_are_no_big_one(student: User, world: World) -> None:
    total = {"vcpus": 99, "vcpus_used": 0, "ram_mb": 9999, "ram_mb_used": 0, "disk_gb": 999, "disk_gb_used": 0}
    biggest = {"vcpus": 4, "ram_mb": 64, "disk_gb": 99}
    CloudWatch.objects.update_or_create(pk=1, defaults={"room": {**total, "biggest_host": biggest}})
    with pytest.raises(Refusal, match="big enough"):
        world.launch()


def test_offers_say_why_not(student: User) -> None:
    make_template()
    assert "0 of your 0 machines" in str(offers(student)[0].why_not)


def test_progress_only_grows_during_a_launch(world: World) -> None:
    machine = world.launch()
    seen = []
    while machine.state != "running":
        world.turn()
        machine.refresh_from_db()
        seen.append(progress_of(machine, world.clock.now).percent)
    assert seen == sorted(seen)
    assert seen[-1] == 100
    assert all(p < 100 for p in seen[:-1])


def test_the_typical_time_is_the_median_of_past_launches(world: World) -> None:
    assert typical_seconds([world.template.pk]) == {}
    machine = world.running()
    lasted = (machine.ready_at - machine.build_started_at).total_seconds()
    assert typical_seconds([world.template.pk]) == {world.template.pk: pytest.approx(lasted)}


def test_only_the_last_launches_tell_the_typical_time(world: World) -> None:
    facts = {"owner": world.student, "template": world.template, "state": "gone"}
    start = world.clock.now
    rows = [(400, n) for n in range(30)] + [(20, 100 + n) for n in range(SAMPLE)]
    Machine.objects.bulk_create(
        Machine(
            name=f"m{at}",
            build_started_at=start + timedelta(seconds=1000 * at),
            ready_at=start + timedelta(seconds=1000 * at + lasted),
            **facts,
        )
        for lasted, at in rows
    )
    assert typical_seconds([world.template.pk]) == {world.template.pk: 20}


def test_typical_times_cost_the_same_after_years(world: World) -> None:
    labs = [world.template, make_template(slug="other")]
    times = [world.clock.now + timedelta(minutes=n) for n in range(5 * SAMPLE)]
    Machine.objects.bulk_create(
        Machine(name="m", owner=world.student, template=lab, state="gone", build_started_at=at, ready_at=at)
        for lab in labs
        for at in times
    )
    with CaptureQueriesContext(connection) as seen, connection.cursor() as cursor:
        typical_seconds([lab.pk for lab in labs])
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + seen[0]["sql"])
        plan = json.dumps(cursor.fetchone())
    read = re.findall(r'"Relation Name": "machines_machine".*?"Actual Rows": (\d+)', plan)
    assert [int(rows) for rows in read] == [SAMPLE]


def test_a_launch_that_ends_meanwhile_moves_no_bar_back(world: World) -> None:
    first, second = world.launch(), world.launch()
    Machine.objects.filter(pk__in=[first.pk, second.pk]).update(state="building", state_since=world.clock.now)
    assert typical_seconds_before([first.pk, second.pk]) == {}
    began = world.clock.now + timedelta(seconds=1)
    Machine.objects.filter(pk=first.pk).update(build_started_at=began, ready_at=began + timedelta(seconds=50))
    assert typical_seconds_before([first.pk, second.pk]) == {}
    Machine.objects.filter(pk=second.pk).update(state_since=began + timedelta(seconds=60))
    assert typical_seconds_before([first.pk, second.pk]) == {second.pk: 50}


@pytest.mark.parametrize(("task", "status", "current"), [
    ("scheduling", "building", 0), ("networking", "building", 1), ("spawning", "building", 2), ("", "active", 3), ("unheard_of", "building", 0),
])  # fmt: skip
def test_a_build_tells_its_steps(world: World, task: str, status: str, current: int) -> None:
    machine = world.launch()
    machine.state, machine.cloud_task, machine.cloud_status = "building", task, status
    machine.asked_at, machine.observed_at = world.clock.now, world.clock.now + timedelta(seconds=1)
    steps = progress_of(machine, world.clock.now).steps
    assert [step.is_current for step in steps].index(True) == current
    assert [step.is_done for step in steps] == [number < current for number in range(4)]


@pytest.mark.parametrize(("passed", "typical", "left"), [(4, 24.0, 20), (30, 24.0, 0), (4, None, None)])
def test_a_build_tells_the_seconds_that_are_left(
    world: World, passed: int, typical: float | None, left: int | None
) -> None:
    machine = world.launch()
    machine.state, machine.build_started_at = "building", world.clock.now
    assert progress_of(machine, world.clock.now + timedelta(seconds=passed), typical).seconds_left == left


@pytest.mark.parametrize(("port", "has_password"), [(5900, True), (5901, False)])
def test_only_the_clouds_own_screen_gets_a_password_of_ours(world: World, port: int, has_password: bool) -> None:
    world.template.services = [{"name": "screen", "port": port, "scheme": "vnc"}]
    world.template.save(update_fields=["services"])
    assert bool(world.launch().vnc_password) is has_password
