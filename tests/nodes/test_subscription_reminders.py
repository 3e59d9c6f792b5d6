"""Mails before and after the end of a subscription: each once for each end, the nearest only."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Notice, User
from nodes.subscriptions import days, giving, reminders
from tests.nodes.conftest import Clock
from tests.nodes.donated import mailed
from tests.nodes.subscribed import follow, pass_days, running, started


def _marks() -> list[str]:
    return [notice.arguments["mark"] for notice in Notice.objects.filter(kind=reminders.KIND).order_by("pk")]


def test_each_comes_once_in_its_time(student: User, admin: User, clock: Clock) -> None:
    started(student, admin, clock, days=40)
    seen = []
    for day in range(1, 75):
        pass_days(clock, 1)
        before = len(_marks())
        for _twice in range(2):
            follow()
        seen += [day] * (len(_marks()) - before)
    assert list(zip(_marks(), seen, strict=True)) == [("30", 10), ("7", 33), ("1", 39), ("grace", 40), ("ended", 70)]


@pytest.mark.parametrize(("passed", "mark"), [(39.5, "1"), (36, "7"), (45, "grace"), (200, "ended")])
def test_if_nothing_ran_for_days_only_the_nearest_is_sent(
    student: User, admin: User, clock: Clock, passed: float, mark: str
) -> None:
    started(student, admin, clock, days=40)
    pass_days(clock, passed)
    follow()
    assert (_marks(), reminders.due(timezone.now()).count()) == ([mark], 0)


def test_a_renewal_makes_new_ones_due(student: User, admin: User, clock: Clock) -> None:
    row = started(student, admin, clock, days=40)
    pass_days(clock, 10)
    follow()
    days.renew(subscription=row, days=40, by=admin)
    follow()
    assert _marks() == ["30"]
    pass_days(clock, 40)
    follow()
    assert _marks() == ["30", "30"]


def test_who_gets_a_few_days_is_not_reminded_at_once(student: User, student2: User, admin: User, clock: Clock) -> None:
    given = giving.give(subscription=started(student, admin, clock), by=student, days=5)
    giving.claim(text=given.code, user=student2, address="")
    follow()
    assert (_marks(), reminders.due(timezone.now()).count()) == ([], 0)
    pass_days(clock, 4)
    follow()
    assert _marks() == ["1"]


def test_subscriptions_that_end_together_are_one_mail(
    student: User, admin: User, clock: Clock, mailoutbox: list[Any]
) -> None:
    for _each in range(3):
        running(student, days=40)
    pass_days(clock, 10)
    for _twice in range(2):
        follow()
        mailed()
    assert [("3 × One machine" in str(mail.body)) for mail in mailoutbox if "30 days" in mail.subject] == [True]


def test_the_mail_is_of_those_whose_end_has_not_moved(
    student: User, admin: User, clock: Clock, mailoutbox: list[Any]
) -> None:
    moved, _stays = running(student, days=40), running(student, days=40)
    pass_days(clock, 10)
    follow()
    days.renew(subscription=moved, days=40, by=admin)
    mailed()
    assert [("× One machine" in str(mail.body)) for mail in mailoutbox if "30 days" in mail.subject] == [False]


def test_a_mail_of_an_end_that_has_moved_is_not_sent(
    student: User, admin: User, clock: Clock, mailoutbox: list[Any]
) -> None:
    row = started(student, admin, clock, days=40)
    pass_days(clock, 10)
    mailed()
    follow()
    days.renew(subscription=row, days=40, by=admin)
    before = len(mailoutbox)
    mailed()
    assert len(mailoutbox) == before


@pytest.mark.parametrize(
    ("passed", "subject", "words"),
    [
        (10, "Tu suscripción termina en 30 días", "no se borra nada"),
        (39, "Tu suscripción termina mañana", "termina el"),
        (40, "Tu suscripción terminó", "puedes descargar tu trabajo"),
        (70, "Se acabó el tiempo de gracia", "terminó el"),
    ],
)
def test_its_words_are_in_the_readers_language(
    student: User, admin: User, clock: Clock, mailoutbox: list[Any], passed: int, subject: str, words: str
) -> None:
    User.objects.filter(pk=student.pk).update(language="es")
    started(student, admin, clock, days=40)
    pass_days(clock, passed)
    mailed()
    follow()
    mailed()
    letter = mailoutbox[-1]
    assert letter.subject.startswith(subject)
    for text in (letter.body, letter.alternatives[0][0]):
        assert words in text
        assert "&" not in letter.body
    assert Notice.objects.get(kind=reminders.KIND).delivered_at == timezone.now()
