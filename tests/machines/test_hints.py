"""A change of what a page shows of a machine tells open pages of it, after its commit; a change of what no page shows does not."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from cloud.contract import Host
from lib.states import move, write
from machines import actions, disk_images
from machines.models import Machine
from machines.reconcile import sweep
from portal.tasks import watch_nodes
from tests.cloud.fake import HOST, FakeCloud
from tests.factories import make_machine
from tests.machines.world import World
from tests.tunnels.gateway_rows import gateway, opened, tell

Capture = Callable[..., AbstractContextManager[list[Any]]]


def hints(callbacks: list[Any]) -> set[tuple[str, str]]:
    """The (kind, id) that wait for the commit."""
    sent = [call.args for call in callbacks if getattr(call.func, "__name__", "") == "send"]
    return {(kind, one) for kind, ids in sent for one in ids}


@pytest.fixture
def machine(student: User) -> Machine:
    return make_machine(student)


def test_a_wish_does(machine: Machine, student: User, django_capture_on_commit_callbacks: Capture) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        actions.suspend(machine=machine, by=student)
    assert hints(callbacks) == {("machine", str(machine.pk))}


def test_a_node_that_falls_silent_does_and_one_that_stays_so_does_not(
    machine: Machine, django_capture_on_commit_callbacks: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = FakeCloud()
    monkeypatch.setattr("machines.cloud_identity.opened", lambda: cloud)
    Machine.objects.update(host=HOST)
    told = []
    for is_up in (True, False, False, True):
        cloud.computers[HOST] = Host(HOST, up=is_up, enabled=True)
        with django_capture_on_commit_callbacks() as callbacks:
            watch_nodes()
        told.append(hints(callbacks))
    heard = {("machine", str(machine.pk))}
    assert told == [set(), heard, set(), heard]


def test_a_move_does(machine: Machine, django_capture_on_commit_callbacks: Capture) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        move(machine, "suspending", silent=True)
    assert hints(callbacks) == {("machine", str(machine.pk))}


def test_a_step_s_columns_do_where_a_page_shows_them(
    machine: Machine, django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        write(machine, retry_at=timezone.now(), attempts=3)
    assert hints(callbacks) == set()
    with django_capture_on_commit_callbacks() as callbacks:
        write(machine, retry_at=timezone.now(), ports_done=7)
    assert hints(callbacks) == {("machine", str(machine.pk))}


def test_a_disk_that_is_asked_for_does(world: World, django_capture_on_commit_callbacks: Capture) -> None:
    machine = world.running()
    copy = disk_images.request(machine=machine, by=world.student)
    with django_capture_on_commit_callbacks() as callbacks:
        disk_images._write(copy, state="failed")
    assert hints(callbacks) == {("machine", str(machine.pk))}


def test_what_the_cloud_tells_does_when_it_is_new(world: World, django_capture_on_commit_callbacks: Capture) -> None:
    machine = world.running()
    world.cloud.ensure_suspended(machine.server_id)
    for _step in range(5):
        world.cloud.tick()
    assert listed(world, django_capture_on_commit_callbacks) == {("machine", str(machine.pk))}
    Machine.objects.update(wanted="suspended", state="suspended")  # as the worker would have it by now
    assert listed(world, django_capture_on_commit_callbacks) == set()


def listed(world: World, capture: Capture) -> set[tuple[str, str]]:
    """List the whole cloud a while later, and return the hints that this publishes."""
    world.clock.move(20)
    world.forget_list()
    with capture() as callbacks:
        sweep.tick(world.cloud, world.clock.now)
    return hints(callbacks)


def test_a_port_that_opens_does_once(student: User, django_capture_on_commit_callbacks: Capture) -> None:
    gate = gateway()
    holder = opened(student)
    with django_capture_on_commit_callbacks() as callbacks:
        tell(gate)
    assert hints(callbacks) == {("holder", str(holder))}
    with django_capture_on_commit_callbacks() as callbacks:
        tell(gate)
    assert hints(callbacks) == set()
