"""A machine whose owner is asked, for the tests of questions."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import Notice, User
from courses.models import Course, Enrolment
from lib.notes import Note
from machines.idle import questions
from machines.idle.reasons import QUIET
from machines.models import Activity, Machine, Question
from tests.factories import make_machine

WHY = Note(QUIET[0], {"count": 45}, QUIET[1])


def visited(owner: User, **facts: Any) -> Machine:
    """Make a running machine to which somebody has connected."""
    machine = make_machine(owner, **facts)
    now = timezone.now()
    Activity.objects.create(machine=machine, since=now, connected_at=now)
    return machine


def asked(machine: Machine, kind: str = "sleep", number: int = 1, now: datetime | None = None) -> Question:
    return questions.ask(machine=machine, kind=kind, why=WHY, now=now or timezone.now(), number=number)


def told(ask: Question, channel: str = "mail") -> Question:
    """Act as if one channel had reached the owner now."""
    questions.delivered(notice(ask, channel), timezone.now())
    ask.refresh_from_db()
    return ask


def notice(ask: Question, channel: str) -> Notice:
    return Notice.objects.get(about=questions.about_of(ask.pk), channel=channel)


def taught_by(machine: Machine, teacher: User) -> Course:
    """Put its template into a course that this person teaches."""
    course = Course.objects.create(slug="redes", name="Redes II")
    Enrolment.objects.create(course=course, user=teacher, role="teacher")
    type(machine.template).objects.filter(pk=machine.template_id).update(course=course)
    return course
