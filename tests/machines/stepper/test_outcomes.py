"""A step has its time to wait for the cloud, and does not fail while the cloud still works at a queue in which it stands."""

from datetime import datetime, timedelta

import pytest

from accounts.models import User
from machines.models import CloudWatch, Machine
from machines.stepper.outcomes import TOO_LONG, wait_at_most
from tests.factories import make_template
from tests.machines.world import World

MINUTE = timedelta(minutes=1)


@pytest.fixture
def begun(world: World) -> datetime:
    """Return when the class launched. The cloud has been heard ever since."""
    CloudWatch.objects.update_or_create(pk=1, defaults={"steady_since": world.clock.now - MINUTE})
    return world.clock.now


def row(student: User, name: str, state: str, asked_at: datetime, since: datetime) -> Machine:
    template = make_template()
    facts = {"wanted": "running", "server_id": name, "asked_at": asked_at, "state_since": since}
    return Machine.objects.create(owner=student, template=template, name=name, state=state, **facts)


def waited(world: World, machine: Machine, minutes: float) -> str:
    """Return the state once a step has looked again, so long after the class launched."""
    world.clock.move(60 * minutes)
    CloudWatch.objects.update(listed_at=world.clock.now)
    wait_at_most(machine, 15 * 60)
    machine.refresh_from_db()
    return str(machine.state)


def test_one_alone_has_its_time(world: World, begun: datetime) -> None:
    machine = row(world.student, "mine", "building", begun, begun)
    assert waited(world, machine, 14) == "building"
    assert waited(world, machine, 2) == "failed"
    assert machine.note.text == TOO_LONG


def test_the_last_of_a_class_waits_while_the_others_come_up(world: World, begun: datetime) -> None:
    machine = row(world.student, "last", "building", begun, begun)
    row(world.student, "first", "running", begun + MINUTE / 2, begun + 12 * MINUTE)
    assert waited(world, machine, 26) == "building"
    assert waited(world, machine, 2) == "failed"


def test_who_came_later_or_was_up_before_says_nothing_of_a_queue(world: World, begun: datetime) -> None:
    machine = row(world.student, "mine", "building", begun, begun)
    row(world.student, "later", "running", begun + 5 * MINUTE, begun + 12 * MINUTE)
    row(world.student, "before", "running", begun - 60 * MINUTE, begun - 50 * MINUTE)
    assert waited(world, machine, 16) == "failed"
