"""Rights to wake a sleeping machine by a connection follow from where people sign in."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import addresses
from accounts.models import SignIn, User
from courses.models import Course, Enrolment, Template
from machines import actions, visitors
from machines.models import Machine
from machines.stepper import worker
from tests.factories import grant, make_machine
from tests.machines.world import World
from tunnels.models import Gateway, Tunnel

HOME = "203.0.113.9"


def _asleep(owner: User) -> Machine:
    machine = make_machine(owner, state="suspended")
    visitors.hold(machine, timezone.now())
    return machine


def _lists(machine: Machine) -> list[list[str]]:
    return [tunnel.knock for tunnel in Tunnel.objects.of(machine.pk)]


def test_a_machine_that_goes_to_sleep_has_its_list_at_once(world: World) -> None:
    addresses.note(user=world.student, address=HOME, at=timezone.now())
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    assert {t.state for t in Tunnel.objects.of(machine.pk)} == {"held"}
    assert _lists(machine) == [[f"{HOME}/32"]] * 2


def test_a_browser_at_localhost_lets_the_ssh_of_the_same_computer_in(world: World) -> None:
    addresses.note(user=world.student, address="::1", at=timezone.now())
    assert _lists(_asleep(world.student)) == [["127.0.0.1/32", "::1/128"]] * 2


def test_what_sleeps_is_put_away_with_its_ports_held(world: World) -> None:
    machine = world.running()
    actions.shelve(machine=machine, by=world.student)
    world.until(machine, "shelved")
    assert {t.state for t in Tunnel.objects.of(machine.pk)} == {"held"}


def test_its_ports_are_opened_while_it_wakes_for_its_address_is_the_same(world: World) -> None:
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    actions.wake(machine=machine, by=world.student)
    worker.step(machine.pk, world.cloud)
    machine.refresh_from_db()
    assert machine.state == "waking"
    assert {(t.wanted, t.target_host) for t in Tunnel.objects.of(machine.pk)} == {("open", machine.address)}


def test_one_that_was_put_away_may_come_back_elsewhere(world: World) -> None:
    machine = world.running()
    actions.shelve(machine=machine, by=world.student)
    world.until(machine, "shelved")
    actions.wake(machine=machine, by=world.student)
    worker.step(machine.pk, world.cloud)
    assert {t.wanted for t in Tunnel.objects.of(machine.pk)} == {"held"}


def test_a_machine_found_asleep_has_its_ports_held(world: World) -> None:
    machine = world.running()
    world.cloud.ensure_suspended(machine.server_id)
    world.until(machine, "suspended")
    world.turn()
    assert {t.state for t in Tunnel.objects.of(machine.pk)} == {"held"}


def test_a_new_address_of_the_owner_is_on_the_list(student: User) -> None:
    machine = _asleep(student)
    addresses.note(user=student, address=HOME, at=timezone.now())
    assert visitors.follow(timezone.now(), owner_id=student.pk) == 2
    assert _lists(machine) == [[f"{HOME}/32"]] * 2


def test_another_persons_lists_are_left_alone(student: User, student2: User) -> None:
    machine = _asleep(student)
    addresses.note(user=student, address=HOME, at=timezone.now())
    visitors.follow(timezone.now(), owner_id=student2.pk)
    assert _lists(machine) == [[], []]


def test_an_address_of_yesterday_leaves_the_list(student: User) -> None:
    addresses.note(user=student, address=HOME, at=timezone.now())
    machine = _asleep(student)
    visitors.follow(timezone.now() + timedelta(days=1, minutes=1))
    assert _lists(machine) == [[], []]


def test_a_list_that_is_right_is_not_told_again(student: User) -> None:
    addresses.note(user=student, address=HOME, at=timezone.now())
    _asleep(student)
    before = Gateway.objects.get().revision
    assert visitors.follow(timezone.now()) == 0
    assert Gateway.objects.get().revision == before


def test_a_running_machine_has_no_list(student: User) -> None:
    machine = make_machine(student)
    addresses.note(user=student, address=HOME, at=timezone.now())
    visitors.follow(timezone.now())
    assert _lists(machine) == [[], []]


def test_what_slept_before_ports_were_held_is_held_now(student: User) -> None:
    addresses.note(user=student, address=HOME, at=timezone.now())
    machine = make_machine(student, state="suspended")
    visitors.follow(timezone.now())
    assert {tunnel.wanted for tunnel in Tunnel.objects.of(machine.pk)} == {"held"}
    assert _lists(machine) == [[f"{HOME}/32"]] * 2


@pytest.mark.parametrize(("state", "wanted"), [("running", ""), ("suspended", "running"), ("archived", "archived")])
def test_only_what_sleeps_and_is_to_sleep_is(student: User, state: str, wanted: str) -> None:
    machine = make_machine(student, state=state, wanted=wanted)
    before = {tunnel.wanted for tunnel in Tunnel.objects.of(machine.pk)}
    visitors.follow(timezone.now())
    assert {tunnel.wanted for tunnel in Tunnel.objects.of(machine.pk)} == before


def _course_of(*people: User) -> Course:
    course = Course.objects.create(slug="nets", name="Networks")
    Template.objects.update(course=course)
    Enrolment.objects.bulk_create([Enrolment(course=course, user=person, role=person.roles[0]) for person in people])
    return course


def _crowd(number: int) -> list[User]:
    users = [User(username=f"u{n}", email=f"u{n}@example.org") for n in range(number)]
    made = User.objects.bulk_create(users)
    now = timezone.now()
    SignIn.objects.bulk_create(
        [SignIn(user=u, address=f"10.0.{n // 250}.{n % 250 + 1}", at=now) for n, u in enumerate(made)]
    )
    return made


def test_a_list_is_bounded_and_has_the_owner_and_teachers_first(student: User, teacher: User) -> None:
    machine = _asleep(student)
    _course_of(student, *_crowd(100), teacher)
    addresses.note(user=student, address=HOME, at=timezone.now())
    addresses.note(user=teacher, address="203.0.113.77", at=timezone.now())
    visitors.follow(timezone.now())
    told = _lists(machine)[0]
    assert told[:2] == [f"{HOME}/32", "203.0.113.77/32"]
    assert len(told) == visitors.MOST


@pytest.mark.slow
@pytest.mark.parametrize("many", [2, 30])
def test_many_lists_cost_as_many_queries_as_few(
    student: User, many: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    grant(student, machines=50, vcpus=100, ram_mb=100_000, disk_gb=500, ports=200)
    for _number in range(many):
        _asleep(student)
    _course_of(student, *_crowd(20))
    with django_assert_max_num_queries(12):
        assert visitors.follow(timezone.now()) == 2 * many
