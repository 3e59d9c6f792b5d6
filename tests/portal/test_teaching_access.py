"""Rights of the author of a template over the machines made from it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from courses.models import Template
from machines.actions import ACTIONS
from machines.models import Hold, Machine, Question
from portal import access
from tests.api.program import Program
from tests.factories import make_machine, make_template
from tests.machines.idle.asked import asked, taught_by

VERBS = (
    *ACTIONS, "watch", "look", "keep_awake", "see_faults", "open_port", "close_port", "rename", "download", "copy", "change_keys", "dismiss_refusal",
)  # fmt: skip


@pytest.fixture
def template(teacher: User) -> Template:
    return make_template(created_by=teacher)


@pytest.fixture
def machine(template: Template, student: User) -> Machine:
    return make_machine(student)


@pytest.fixture
def ask(machine: Machine) -> Question:
    return asked(machine)


@pytest.fixture
def colleague(db: None) -> User:
    return User.objects.create(username="colleague", roles=["teacher"])


def test_the_author_of_its_template_watches_it_wakes_it_and_keeps_it_awake(
    machine: Machine, teacher: User, colleague: User
) -> None:
    assert {verb for verb in VERBS if access.may(teacher, verb, machine)} == {
        "watch",
        "wake",
        "keep_awake",
        "see_faults",
    }
    assert access.in_care_of(teacher).get() == access.taught_with(teacher).get() == machine
    assert not access.visible(teacher, Machine).exists()
    assert not access.in_care_of(colleague).exists()
    assert not access.may(colleague, "watch", machine)


def test_an_author_who_teaches_no_more_watches_nothing(machine: Machine, teacher: User) -> None:
    teacher.roles = ["student"]
    assert not access.in_care_of(teacher).exists()
    assert not any(access.may(teacher, verb, machine) for verb in ("watch", "wake", "keep_awake"))


def test_an_author_does_not_put_a_students_machine_away(ask: Question, teacher: User) -> None:
    choices = ("more", "job", "sleep", "done", "keep")
    assert {choice for choice in choices if access.may(teacher, choice, ask)} == {"more", "job", "keep"}
    assert access.questions_to_watch(teacher).get() == ask


@pytest.fixture
def own(template: Template, teacher: User) -> Machine:
    """A machine that the author of its template made for themselves."""
    return make_machine(teacher, name="own")


def test_nobody_keeps_their_own_machine_awake_by_the_teachers_verb(own: Machine, teacher: User, admin: User) -> None:
    refusal = access.why_not(teacher, "keep_awake", own)
    assert refusal is not None
    assert (refusal.status, "same rules as everybody" in str(refusal)) == (403, True)
    assert access.may(admin, "keep_awake", own)
    assert (access.may_keep_awake(teacher, [own]), access.may_keep_awake(admin, [own])) == (set(), {own.pk})


def test_a_colleague_of_the_course_keeps_it_awake(own: Machine, colleague: User) -> None:
    taught_by(own, colleague)
    own.template.refresh_from_db()
    assert access.may(colleague, "keep_awake", own)


@pytest.mark.parametrize("way", ["page", "API"])
def test_an_author_gives_a_student_a_week_and_themselves_none(
    own: Machine, machine: Machine, teacher: User, client: Client, way: str
) -> None:
    client.force_login(teacher)
    program = Program(teacher)
    until = (timezone.now() + timedelta(days=7)).isoformat()

    def keep(one: Machine) -> int:
        if way == "page":
            return client.post(f"/machines/{one.pk}/give/", {"until": "18:30"}).status_code
        return int(program.ask("POST", f"teaching/machines/{one.pk}/keep/", {"until": until}).status_code)

    assert (keep(machine) < 400, keep(own)) == (True, 403)
    assert list(Hold.objects.values_list("machine", flat=True)) == [machine.pk]


def test_an_author_who_is_asked_has_the_answers_of_everybody(own: Machine, teacher: User, client: Client) -> None:
    """An answer of theirs lasts no longer than a student's, and the list of questions offers no more."""
    question = asked(own)
    client.force_login(teacher)
    page = client.get("/manage/questions/").content.decode()
    assert f"/teaching/machines/{own.pk}/" in page
    assert f"/machines/{own.pk}/give/" not in page
    assert access.may(teacher, "more", question)
