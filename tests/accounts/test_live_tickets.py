"""Tickets for the live process: one use, one purpose, one minute."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.live_tickets import tickets
from accounts.live_tickets.tickets import LIFE, Proof
from accounts.models import LiveTicket, User

pytestmark = pytest.mark.django_db
NOW = timezone.now()
PROOF = Proof("token", "digest", "proof")


def make(person: User, **more: Any) -> str:
    return tickets.make(person, PROOF, **{"scope": "terminal 1", "now": NOW, **more})


def test_a_ticket_is_used_once(student: User) -> None:
    text = make(student)
    used = [tickets.use(text, scope="terminal 1", now=NOW) for _time in range(2)]
    assert used == [(student, PROOF), None]


def test_it_is_for_one_purpose_and_stays_good_for_that(student: User) -> None:
    text = make(student)
    assert tickets.use(text, scope="terminal 2", now=NOW) is None
    assert tickets.use(text, scope="terminal 1", now=NOW)


def test_it_ends_after_a_minute(student: User) -> None:
    text = make(student)
    assert tickets.use(text, scope="terminal 1", now=NOW + LIFE) is None


def test_its_text_is_kept_nowhere(student: User) -> None:
    text = make(student)
    assert text not in str(LiveTicket.objects.values_list().get())


def test_a_new_one_removes_those_that_have_ended(student: User) -> None:
    make(student)
    make(student, now=NOW + LIFE + timedelta(seconds=1))
    assert LiveTicket.objects.count() == 1
