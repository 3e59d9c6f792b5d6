"""Versions of the terms of use: published, withdrawn, accepted."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditRow, Terms, TermsAcceptance, User
from accounts.terms import versions


def publish(by: User, text: str = "Be kind.", seen: int = 0) -> Terms:
    return versions.publish(text_en=text, text_es=text and f"es: {text}", seen=seen, by=by)


def test_without_a_text_nothing_is_asked(student: User) -> None:
    assert not versions.owes(student)


def test_a_text_is_asked_of_everybody_until_they_accept_it(student: User, student2: User, admin: User) -> None:
    publish(admin)
    versions.accept(person=student, number=1)
    assert [versions.owes(person) for person in (student, student2, admin)] == [False, True, True]


def test_a_change_is_asked_anew_and_the_old_acceptance_is_kept(student: User, admin: User) -> None:
    publish(admin)
    versions.accept(person=student, number=1)
    publish(admin, "Be kinder.", seen=1)
    assert versions.owes(student)
    assert TermsAcceptance.objects.get(user=student).terms.number == 1


def test_empty_texts_withdraw_the_terms(student: User, admin: User) -> None:
    publish(admin)
    publish(admin, "", seen=1)
    assert not versions.owes(student)


def test_an_old_version_cannot_be_accepted(student: User, admin: User) -> None:
    publish(admin)
    publish(admin, "Be kinder.", seen=1)
    with pytest.raises(versions.OtherVersion):
        versions.accept(person=student, number=1)
    assert versions.owes(student)


def test_accepting_twice_is_once(student: User, admin: User) -> None:
    publish(admin)
    versions.accept(person=student, number=1)
    versions.accept(person=student, number=1)
    assert TermsAcceptance.objects.count() == 1


def test_who_has_not_read_the_newest_version_publishes_none(admin: User) -> None:
    publish(admin)
    with pytest.raises(versions.OtherVersion):
        publish(admin, "Another one.", seen=0)
    assert Terms.objects.count() == 1


def test_of_two_at_once_one_is_published(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(admin)
    monkeypatch.setattr(versions, "newest", lambda: None)  # the other one came between the look and the insert
    with pytest.raises(versions.OtherVersion):
        publish(admin, "Another one.", seen=0)
    assert Terms.objects.count() == 1


@pytest.mark.parametrize(
    ("english", "spanish", "field"),
    [("Be kind.", "", "text_es"), (" ", "Sé amable.", "text_en"), ("x" * 50_001, "x", "text_en")],
)
def test_a_text_that_cannot_be_says_so_at_its_field(admin: User, english: str, spanish: str, field: str) -> None:
    with pytest.raises(versions.BadTerms) as refused:
        versions.publish(text_en=english, text_es=spanish, seen=0, by=admin)
    assert refused.value.field == field


def test_the_same_text_again_asks_nobody_again(admin: User) -> None:
    publish(admin)
    with pytest.raises(versions.BadTerms):
        publish(admin, seen=1)


def test_the_database_takes_no_terms_in_one_language(db: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Terms.objects.create(number=1, text_en="Be kind.")


def test_publishing_is_recorded(admin: User) -> None:
    publish(admin)
    assert AuditRow.objects.get().verb == "publish_terms"
