"""People who may and who may not have a connection to a machine."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session

from accounts.models import User
from lib.notes import Refusal
from machines.models import Machine
from portal.live import dial_door
from portal.live.entry import Refused
from tests.factories import make_machine
from tests.tunnels.dial_stage import entry_of
from tunnels.models import Dial, Tunnel

pytestmark = pytest.mark.django_db


@pytest.fixture
def machine(student: User, settings: Any) -> Machine:
    settings.CLOUD = "openstack"
    return make_machine(student, address="10.77.3.4")


@pytest.mark.parametrize("who", ["student", "admin"])
def test_its_owner_and_administrators_may(machine: Machine, who: str, request: pytest.FixtureRequest) -> None:
    way = dial_door.way(entry_of(request.getfixturevalue(who)), machine.pk, 80)
    assert way.key == Dial.objects.get().key


@pytest.mark.parametrize("who", ["student2", "teacher", "donor"])
def test_for_all_others_there_is_no_such_machine(machine: Machine, who: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(Refused) as refused:
        dial_door.way(entry_of(request.getfixturevalue(who)), machine.pk, 80)
    assert (refused.value.status, Dial.objects.count()) == (404, 0)


def test_who_has_signed_out_may_not(machine: Machine, student: User) -> None:
    entry = entry_of(student)
    Session.objects.all().delete()
    with pytest.raises(Refused) as refused:
        dial_door.way(entry, machine.pk, 80)
    assert (refused.value.status, Dial.objects.count()) == (401, 0)


def test_a_port_without_a_tunnel_is_not_dialed(machine: Machine, student: User) -> None:
    with pytest.raises(Refusal, match="closed"):
        dial_door.way(entry_of(student), machine.pk, 5432)
    assert not Dial.objects.exists()


def test_ssh_is_dialed_without_one(machine: Machine, student: User) -> None:
    Tunnel.objects.all().delete()
    dial_door.way(entry_of(student), machine.pk, 22)
    assert Dial.objects.get().ssh.holder == machine.pk  # type: ignore[union-attr]


def test_who_still_may_is_known_in_two_queries(
    machine: Machine, student: User, student2: User, admin: User, django_assert_num_queries: Any
) -> None:
    entries = [entry_of(person) for person in (student, student2, admin)]
    with django_assert_num_queries(2):
        assert dial_door.still([(entry, machine.pk) for entry in entries]) == {0, 2}


def test_nobody_still_may_with_a_machine_that_is_gone(machine: Machine, student: User) -> None:
    Machine.objects.update(state="gone", wanted="gone")
    assert dial_door.still([(entry_of(student), machine.pk)]) == set()
