"""Addresses from which people signed in: kept for a day."""

from datetime import timedelta

from django.utils import timezone

from accounts.addresses import forget, note
from accounts.models import SignIn, User

HOME = "203.0.113.9"


def test_an_address_is_new_once(student: User) -> None:
    assert note(user=student, address=HOME, at=timezone.now())
    assert not note(user=student, address=HOME, at=timezone.now())


def test_another_persons_address_is_new_to_this_one(student: User, student2: User) -> None:
    note(user=student, address=HOME, at=timezone.now())
    assert note(user=student2, address=HOME, at=timezone.now())


def test_after_a_day_it_is_new_again(student: User) -> None:
    note(user=student, address=HOME, at=timezone.now() - timedelta(hours=25))
    assert note(user=student, address=HOME, at=timezone.now())
    assert SignIn.objects.count() == 1


def test_being_there_again_keeps_it(student: User) -> None:
    now = timezone.now()
    note(user=student, address=HOME, at=now - timedelta(hours=20))
    note(user=student, address=HOME, at=now)
    assert SignIn.objects.recent(now + timedelta(hours=20)).exists()


def test_what_no_longer_counts_is_forgotten(student: User) -> None:
    now = timezone.now()
    note(user=student, address=HOME, at=now - timedelta(hours=25))
    note(user=student, address="203.0.113.10", at=now)
    assert forget(now) == 1
    assert SignIn.objects.get().address == "203.0.113.10"
