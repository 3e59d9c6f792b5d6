"""A node taken out of service on its page, and what the owner of a machine on it may do."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cloud.contract import Host
from machines.models import Machine
from nodes.hypervisors import looks
from nodes.models import Emptying, Node
from tests.factories import make_machine
from tests.machines.test_hints import Capture, hints
from tests.pages.plain_text import text


@pytest.fixture
def staff(admin: User, client: Client) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def quinde(db: None) -> Node:
    looks.look([Host("quinde", up=True, enabled=True)], timezone.now())
    return Node.objects.get()


@pytest.fixture
def machine(student: User, quinde: Node) -> Machine:
    return make_machine(student, host="quinde", server_id="s", ready_at=timezone.now())


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def empty(staff: Client, node: Node, **facts: str) -> Any:
    return staff.post(f"/manage/nodes/{node.pk}/empty/", {"why": "new memory", "within": "4", **facts})


def test_a_node_goes_into_maintenance_and_comes_back(staff: Client, quinde: Node) -> None:
    assert empty(staff, quinde).status_code == 302
    assert "Out for maintenance" in text(staff.get(f"/manage/nodes/{quinde.pk}/"))
    staff.post(f"/manage/nodes/{quinde.pk}/back/")
    assert [row.ended_at is not None for row in Emptying.objects.all()] == [True]


@pytest.mark.parametrize(("fact", "value"), [("why", ""), ("within", "5"), ("why", "x" * 201)])
def test_a_maintenance_without_a_reason_or_a_time_is_refused_at_its_field(
    staff: Client, quinde: Node, fact: str, value: str
) -> None:
    assert (empty(staff, quinde, **{fact: value}).status_code, Emptying.objects.count()) == (400, 0)


def test_a_node_that_answers_is_not_declared_dead(staff: Client, quinde: Node) -> None:
    reply = staff.post(f"/manage/nodes/{quinde.pk}/dead/", {"why": "smoke", "is_off": "on"})
    assert (reply.status_code, "The cloud still hears it." in text(reply), Emptying.objects.count()) == (409, True, 0)


def test_a_node_is_declared_dead_only_by_who_has_unplugged_it(staff: Client, quinde: Node) -> None:
    looks.look([Host("quinde", up=False, enabled=True)], timezone.now() + timedelta(seconds=20))
    reply = staff.post(f"/manage/nodes/{quinde.pk}/dead/", {"why": "smoke"})
    assert (reply.status_code, "Unplug it first." in text(reply)) == (400, True)
    staff.post(f"/manage/nodes/{quinde.pk}/dead/", {"why": "smoke", "is_off": "on"})
    assert Emptying.objects.get().kind == "dead"


def test_an_owner_moves_a_machine_before_the_maintenance(staff: Client, quinde: Node, machine: Machine) -> None:
    empty(staff, quinde)
    owner = signed_in(machine.owner)
    assert "Move it now" in text(owner.get(f"/machines/{machine.pk}/"))
    owner.post(f"/machines/{machine.pk}/leave/")
    machine.refresh_from_db()
    assert machine.owes_move


def test_nobody_else_moves_it(staff: Client, quinde: Node, machine: Machine, teacher: User) -> None:
    empty(staff, quinde)
    assert signed_in(teacher).post(f"/machines/{machine.pk}/leave/").status_code == 404
    machine.refresh_from_db()
    assert not machine.owes_move


def test_open_pages_of_its_machines_hear_when_it_begins_and_when_it_ends(
    staff: Client, quinde: Node, machine: Machine, django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks() as begun:
        empty(staff, quinde)
    with django_capture_on_commit_callbacks() as ended:
        staff.post(f"/manage/nodes/{quinde.pk}/back/")
    assert [hints(each) for each in (begun, ended)] == [{("machine", str(machine.pk))}] * 2


def test_whoever_presses_second_reads_that_it_is_out_of_service(staff: Client, quinde: Node) -> None:
    empty(staff, quinde)
    reply = empty(staff, quinde)
    assert (reply.status_code, "It is out of service already." in text(reply)) == (409, True)


def test_one_that_dies_in_its_maintenance_is_declared_dead_there(staff: Client, quinde: Node) -> None:
    empty(staff, quinde)
    looks.look([Host("quinde", up=False, enabled=False)], timezone.now() + timedelta(seconds=20))
    assert "Is it dead?" in text(staff.get(f"/manage/nodes/{quinde.pk}/"))
    staff.post(f"/manage/nodes/{quinde.pk}/dead/", {"why": "smoke", "is_off": "on"})
    assert Emptying.objects.get(settled_at=None).kind == "dead"


def test_one_that_left_the_cloud_is_not_declared_dead(staff: Client, quinde: Node) -> None:
    looks.look([], timezone.now() + timedelta(seconds=20))
    reply = staff.post(f"/manage/nodes/{quinde.pk}/dead/", {"why": "smoke", "is_off": "on"})
    assert (reply.status_code, "does not list it any more" in text(reply)) == (409, True)


def test_it_is_said_where_a_dead_one_still_reports(staff: Client, quinde: Node) -> None:
    looks.look([Host("quinde", up=False, enabled=True)], timezone.now() + timedelta(seconds=20))
    staff.post(f"/manage/nodes/{quinde.pk}/dead/", {"why": "smoke", "is_off": "on"})
    Node.objects.update(fenced=True, heard_anew_at=timezone.now() + timedelta(seconds=20))
    assert "it still runs: unplug it" in text(staff.get(f"/manage/nodes/{quinde.pk}/"))
