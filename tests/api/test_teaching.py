"""Machines made from a teacher's templates, by the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from machines.models import Hold, Machine
from tests.api.program import Program
from tests.factories import make_machine, make_template

LIST = "teaching/machines/"


@pytest.fixture
def author(teacher: User) -> Program:
    make_template(created_by=teacher)
    return Program(teacher)


@pytest.fixture
def asleep(author: Program, student: User) -> Machine:
    return make_machine(student, name="condor", state="suspended")


def in_hours(hours: float) -> dict[str, str]:
    return {"until": (timezone.now() + timedelta(hours=hours)).isoformat()}


def test_an_author_lists_them_without_any_way_in(author: Program, asleep: Machine) -> None:
    [row] = author.ask("GET", LIST).json()
    assert set(row) == {"id", "name", "owner", "owner_name", "template", "state", "state_since", "created_at"}
    assert (row["name"], row["owner"], row["template"], row["state"]) == ("condor", "student", "lab", "suspended")
    assert author.ask("GET", f"{LIST}{asleep.pk}/").json() == row


@pytest.mark.parametrize(
    ("query", "count"),
    [("template=lab", 1), ("template=x", 0), ("state=suspended", 1), ("state=running,waking", 0), ("search=STUD", 1)],
)
def test_the_list_is_filtered(author: Program, asleep: Machine, query: str, count: int) -> None:
    assert len(author.ask("GET", f"{LIST}?{query}").json()) == count


def test_a_state_that_is_none_is_refused(author: Program) -> None:
    assert author.ask("GET", f"{LIST}?state=asleep").status_code == 400


def test_who_does_not_teach_has_no_list_and_finds_no_machine(api: Any, stranger: Any, asleep: Machine) -> None:
    assert stranger.ask("GET", LIST).status_code == 403
    assert stranger.ask("GET", f"{LIST}{asleep.pk}/").status_code == 404
    assert stranger.ask("POST", f"{LIST}{asleep.pk}/wake/").status_code == 404


def test_another_teacher_lists_none(asleep: Machine) -> None:
    colleague = Program(User.objects.create(username="colleague", roles=["teacher"]))
    assert colleague.ask("GET", LIST).json() == []
    assert colleague.ask("POST", f"{LIST}{asleep.pk}/keep/", in_hours(1)).status_code == 404


def test_an_author_wakes_and_keeps_and_does_nothing_else(author: Program, asleep: Machine) -> None:
    reply = author.ask("POST", f"{LIST}{asleep.pk}/wake/")
    assert (reply.status_code, reply.json()["state"]) == (202, "waking")
    assert author.ask("POST", f"{LIST}{asleep.pk}/keep/", in_hours(3)).status_code == 200
    assert Hold.objects.get().by == author.user
    for method, rest in (
        ("DELETE", ""),
        ("GET", ""),
        ("POST", "suspend/"),
        ("GET", "ports/"),
        ("GET", "disk/"),
        ("GET", "events/"),
    ):
        assert author.ask(method, f"machines/{asleep.pk}/{rest}").status_code == 404, (method, rest)


@pytest.mark.parametrize("hours", [-1, 24 * 8])
def test_a_time_that_is_past_or_far_is_refused(author: Program, asleep: Machine, hours: float) -> None:
    assert author.ask("POST", f"{LIST}{asleep.pk}/keep/", in_hours(hours)).status_code == 409
    assert not Hold.objects.exists()


@pytest.mark.parametrize("state", ["suspended", "gone"])
def test_what_is_not_on_is_not_kept_awake(author: Program, student: User, state: str) -> None:
    machine = make_machine(student, state=state)
    reply = author.ask("POST", f"{LIST}{machine.pk}/keep/", in_hours(1))
    assert (reply.status_code, reply.json()["code"]) == (409, "too_late")
    assert not Hold.objects.exists()


def test_its_owner_keeps_nothing_awake_here(api: Any, asleep: Machine) -> None:
    assert api.ask("POST", f"{LIST}{asleep.pk}/keep/", in_hours(1)).json()["code"] == "not_yours"
