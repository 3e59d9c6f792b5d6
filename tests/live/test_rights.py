"""Rights of open connections: whom a change reaches, and in how many queries rights are looked at again."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from courses.models import Course, Enrolment, Template
from machines.models import Machine
from portal import access
from portal.live import rights
from portal.live.entry import enter
from tests.factories import make_machine
from tests.live.test_entry import cookie, scope
from tests.pages.second_steps import with_app

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(student: User, student2: User, teacher: User, donor: User, admin: User) -> list[User]:
    """The machine's course is the teacher's; student2 is enrolled in it."""
    course = Course.objects.create(slug="networks", name="Networks")
    make_machine(student)
    Template.objects.update(course=course)
    Enrolment.objects.create(course=course, user=teacher, role=Enrolment.Role.TEACHER)
    Enrolment.objects.create(course=course, user=student2, role=Enrolment.Role.STUDENT)
    return [student, student2, teacher, donor, admin]


@pytest.mark.parametrize("kind", ["machine", "holder"])
def test_a_change_reaches_those_who_have_the_machine_in_their_care(cast: list[User], kind: str) -> None:
    machine = Machine.objects.get()
    change = (kind, str(machine.pk))
    reached = rights.recipients([change], cast)[change]
    assert reached == {p.pk for p in cast if access.in_care_of(p).filter(pk=machine.pk).exists()}
    assert {p.username for p in cast if p.pk in reached} == {"student", "teacher", "admin"}


def test_a_change_reaches_the_author_of_the_template_while_they_teach(cast: list[User]) -> None:
    machine, teacher = Machine.objects.get(), cast[2]
    Template.objects.update(course=None, created_by=teacher)
    change = ("machine", str(machine.pk))
    assert teacher.pk in rights.recipients([change], cast)[change]
    User.objects.filter(pk=teacher.pk).update(roles=["student"])
    cast = list(User.objects.all())
    reached = rights.recipients([change], cast)[change]
    assert reached == {p.pk for p in cast if access.in_care_of(p).filter(pk=machine.pk).exists()}
    assert teacher.pk not in reached


def test_only_those_who_are_asked_for_are_named(cast: list[User]) -> None:
    change = ("machine", str(Machine.objects.get().pk))
    assert rights.recipients([change], cast[1:2]) == {change: set()}


@pytest.mark.parametrize("change", [("machine", "no-uuid"), ("user", "1"), ("", "")])
def test_what_is_not_known_reaches_nobody(cast: list[User], change: tuple[str, str]) -> None:
    assert rights.recipients([change], cast) == {}


def test_a_machine_that_is_not_there_reaches_nobody(cast: list[User]) -> None:
    change = ("machine", "00000000-0000-0000-0000-000000000000")
    assert rights.recipients([change], cast) == {change: set()}


def test_all_rights_are_looked_at_in_one_question(cast: list[User], settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["labs.example.org"]
    entries = [enter(scope(cookie=cookie(person))) for person in cast]
    User.objects.filter(username="donor").update(is_active=False)
    with CaptureQueriesContext(connection) as queries:
        still = rights.still(entries)
    assert (len(queries), [still[n].username for n in sorted(still)]) == (
        1,
        ["student", "student2", "teacher", "admin"],
    )


def test_whoever_comes_to_owe_a_second_step_is_let_in_no_more(cast: list[User], settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["labs.example.org"]
    entries = [enter(scope(cookie=cookie(person))) for person in cast]
    with_app(cast[4])
    settings.MFA_REQUIRED_FOR = ["teacher", "admin"]
    still = rights.still(entries)
    assert [still[n].username for n in sorted(still)] == ["student", "student2", "donor", "admin"]
