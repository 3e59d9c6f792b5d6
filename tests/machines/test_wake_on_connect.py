"""A visitor waits at a port of a sleeping machine: who wakes it, and what they are told."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import addresses
from accounts.models import SignIn, User
from courses.models import Course, Enrolment, Template
from machines import actions, visitors
from machines.models import Machine
from machines.wake_on_connect import REFUSED, Answer, knock
from tests.factories import make_machine
from tunnels.models import Tunnel

HOME, ELSEWHERE = "203.0.113.9", "198.51.100.7"


def _asleep(owner: User, state: str = "suspended", **facts: object) -> tuple[Machine, Tunnel]:
    """Make a sleeping machine whose owner was at HOME; return it and its first port."""
    addresses.note(user=owner, address=HOME, at=timezone.now())
    machine = make_machine(owner, state=state, **facts)
    visitors.hold(machine, timezone.now())
    return machine, Tunnel.objects.of(machine.pk)[0]


def _knock(tunnel: Tunnel, address: str = HOME) -> Answer:
    return knock(Tunnel.objects.get(pk=tunnel.pk), address, timezone.now())


def _wish(machine: Machine) -> str:
    machine.refresh_from_db()
    return machine.wanted


def test_its_owner_wakes_it_from_where_they_signed_in(student: User) -> None:
    machine, tunnel = _asleep(student)
    answer = _knock(tunnel)
    assert answer.wakes
    assert (_wish(machine), 1 <= answer.seconds <= 60) == ("running", True)
    assert "waking" in answer.words


def test_the_history_says_who_knocked(student: User) -> None:
    machine, tunnel = _asleep(student)
    _knock(tunnel)
    event = machine.events.first()
    assert event is not None
    assert (event.by, HOME in str(event.note)) == (None, True)


def test_a_stranger_wakes_nothing(student: User) -> None:
    machine, tunnel = _asleep(student)
    assert _knock(tunnel, ELSEWHERE) == REFUSED
    assert _wish(machine) == "suspended"


def test_where_another_student_signed_in_wakes_nothing(student: User, student2: User) -> None:
    machine, tunnel = _asleep(student)
    addresses.note(user=student2, address=ELSEWHERE, at=timezone.now())
    assert _knock(tunnel, ELSEWHERE) == REFUSED


def test_an_address_counts_for_a_day(student: User) -> None:
    machine, tunnel = _asleep(student)
    SignIn.objects.update(at=timezone.now() - timedelta(hours=25))
    assert _knock(tunnel) == REFUSED


def _in_one_course(machine: Machine, *people: User) -> None:
    course = Course.objects.create(slug="nets", name="Networks")
    Template.objects.filter(pk=machine.template_id).update(course=course)
    for person in people:
        Enrolment.objects.create(course=course, user=person, role=person.roles[0])


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_the_class_wakes_it_too(student: User, student2: User, teacher: User, role: str) -> None:
    machine, tunnel = _asleep(student)
    member = {"student": student2, "teacher": teacher}[role]
    _in_one_course(machine, student, member)
    addresses.note(user=member, address=ELSEWHERE, at=timezone.now())
    assert _knock(tunnel, ELSEWHERE).wakes


def test_a_member_whose_account_is_closed_wakes_nothing(student: User, student2: User) -> None:
    machine, tunnel = _asleep(student)
    _in_one_course(machine, student, student2)
    addresses.note(user=student2, address=ELSEWHERE, at=timezone.now())
    User.objects.filter(pk=student2.pk).update(is_active=False)
    assert _knock(tunnel, ELSEWHERE) == REFUSED


def test_whom_the_allow_list_names_wakes_it(student: User) -> None:
    _machine, tunnel = _asleep(student)
    Tunnel.objects.filter(pk=tunnel.pk).update(allow=["198.51.100.0/24"])
    assert _knock(tunnel, ELSEWHERE).wakes


def test_outside_the_allow_list_nobody_wakes_it(student: User) -> None:
    _machine, tunnel = _asleep(student)
    Tunnel.objects.filter(pk=tunnel.pk).update(allow=["192.0.2.0/24"])
    assert _knock(tunnel) == REFUSED


def test_an_allow_list_of_everybody_invites_nobody(student: User) -> None:
    _machine, tunnel = _asleep(student)
    Tunnel.objects.filter(pk=tunnel.pk).update(allow=["0.0.0.0/0"])
    assert _knock(tunnel, ELSEWHERE) == REFUSED
    assert _knock(tunnel).wakes


def test_knocking_again_wakes_it_once(student: User) -> None:
    machine, tunnel = _asleep(student)
    before = machine.events.count()
    assert [_knock(tunnel).wakes for _turn in range(3)] == [True] * 3
    assert machine.events.count() == before + 1


def test_one_that_is_put_away_takes_longer(student: User) -> None:
    _machine, away = _asleep(student, "shelved", cloud_status="shelved")
    assert _knock(away).seconds > 15


def test_one_that_goes_to_sleep_just_now_turns_round(student: User) -> None:
    machine, tunnel = _asleep(student, "suspending")
    assert _knock(tunnel).wakes
    assert _wish(machine) == "running"


def test_one_that_waits_for_room_says_so(student: User) -> None:
    _machine, tunnel = _asleep(student, "queued")
    answer = _knock(tunnel)
    assert answer.wakes
    assert answer.seconds > 120
    assert "room" in answer.words


def test_one_that_could_not_wake_says_so(student: User) -> None:
    _machine, tunnel = _asleep(student, "failed")
    answer = _knock(tunnel)
    assert (answer.wakes, "could not wake" in answer.words) == (False, True)


@pytest.mark.parametrize(
    "facts",
    [
        {"state": "archived", "wanted": "archived"},
        {"state": "archiving", "wanted": "archived"},
        {"state": "suspended", "wanted": "archived"},
        {"state": "suspended", "wanted": "gone"},
        {"state": "suspended", "binned_at": timezone.now()},
    ],
)
def test_what_only_a_person_may_decide_is_not_decided_by_a_knock(student: User, facts: dict[str, object]) -> None:
    machine, tunnel = _asleep(student)
    Machine.objects.filter(pk=machine.pk).update(**facts)
    before = machine.events.count()
    assert _knock(tunnel) == REFUSED
    assert machine.events.count() == before


def test_the_machine_of_somebody_whose_account_is_closed_sleeps_on(student: User) -> None:
    _machine, tunnel = _asleep(student)
    User.objects.filter(pk=student.pk).update(is_active=False)
    assert _knock(tunnel) == REFUSED


def test_the_words_are_in_the_owners_language(student: User) -> None:
    User.objects.filter(pk=student.pk).update(language="es")
    _machine, tunnel = _asleep(student)
    assert "despertando" in _knock(tunnel).words


def test_a_port_that_was_given_back_wakes_nothing(student: User) -> None:
    machine, tunnel = _asleep(student)
    actions.delete(machine=machine, by=student)
    assert _knock(tunnel) == REFUSED
