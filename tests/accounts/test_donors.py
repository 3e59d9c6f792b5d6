"""Donors' rows and the links by which they come without an account."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import signing
from django.db import connection, transaction

from accounts import person_actions
from accounts.donors import donor_links, donor_rows
from accounts.donors.donor_links import BadLink
from accounts.donors.donor_rows import TiedElsewhere
from accounts.models import Donor, Notice, Unsubscribed, User
from tests.accounts.test_tokens import in_own_connection
from tests.database_clients import count_of_waiting
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.django_db


def donor_of(email: str = "lucia@example.org", *, user: User | None = None, **facts: Any) -> Donor:
    known = {"name": "Lucía", "organisation": "", "language": "es", "browser_time_zone": "", **facts}
    return donor_rows.find_or_make(email=email, user=user, **known)


# ---- links ----


def test_a_link_leads_to_its_donor() -> None:
    first, second = donor_of(), donor_of("ana@example.org")
    assert [donor_links.read(donor_links.token(each)) for each in (first, second)] == [first, second]
    assert donor_links.token(first) != donor_links.token(second)


def test_the_token_of_one_does_not_open_anothers() -> None:
    first, second = donor_of(), donor_of("ana@example.org")
    mine, theirs = donor_links.token(first).split(":"), donor_links.token(second).split(":")
    with pytest.raises(BadLink):
        donor_links.read(":".join([theirs[0], *mine[1:]]))


@pytest.mark.parametrize("change", ["", "x", "\0", "ñ", ":", "::", ":" * 400, "x" * 10_000])
def test_what_is_no_link(change: str) -> None:
    donor_of()
    with pytest.raises(BadLink, match="This link has ended"):
        donor_links.read(change)


def test_each_tampered_character_is_seen() -> None:
    text = donor_links.token(donor_of())
    for at, mark in enumerate(text[:-1]):  # the last one has bits that say nothing
        tampered = f"{text[:at]}{'A' if mark != 'A' else 'B'}{text[at + 1 :]}"
        with pytest.raises(BadLink):
            donor_links.read(tampered)


def test_it_has_an_end() -> None:
    with time_machine.travel("2026-03-02T10:00:00+00:00", tick=False) as clock:
        donor = donor_of()
        text = donor_links.token(donor)
        clock.shift(donor_links.LIFE)
        assert donor_links.read(text) == donor
        clock.shift(1)
        with pytest.raises(BadLink) as caught:
            donor_links.read(text)
        assert (caught.value.status, caught.value.code) == (404, "bad_link")


@pytest.mark.parametrize(
    "inside", [[1], [1, 0, 0], {"pk": 1}, "x", None, ["x", 0], [1, "x"], [None, None], [10**30, 0]]
)
def test_a_signed_text_of_another_shape_is_no_link(inside: Any) -> None:
    text = signing.TimestampSigner(salt="accounts.donors.donor_links").sign_object(inside)
    with pytest.raises(BadLink):
        donor_links.read(text)


def test_a_text_signed_for_something_else_is_no_link() -> None:
    donor = donor_of()
    with pytest.raises(BadLink):
        donor_links.read(signing.TimestampSigner(salt="another").sign_object([donor.pk, donor.links]))


def test_opening_a_new_link_ends_those_before_it() -> None:
    donor, other = donor_of(), donor_of("ana@example.org")
    before, new, others = donor_links.token(donor), donor_links.new_token(donor), donor_links.token(other)
    assert donor_links.follow(before) == donor
    assert donor_links.read(new) == donor  # reading alone ends nothing
    assert donor_links.follow(before) == donor
    assert donor_links.follow(new) == donor
    with pytest.raises(BadLink):
        donor_links.follow(before)
    assert (donor_links.follow(new), donor_links.read(others)) == (donor, other)
    assert donor_links.token(Donor.objects.get(pk=donor.pk)) != before


# ---- rows ----


def test_one_row_for_each_address_however_it_is_written() -> None:
    assert donor_of("Lucia@Example.ORG ") == donor_of("lucia@example.org")
    assert Donor.objects.get().email == "lucia@example.org"


def test_a_row_that_is_there_keeps_what_it_says() -> None:
    donor_of()
    again = donor_of(name="Somebody", organisation="Elsewhere", language="en")
    assert (again.name, again.organisation, again.language) == ("Lucía", "", "es")


def test_a_person_with_this_address_is_tied_at_once_and_becomes_a_donor(student: User) -> None:
    donor = donor_of(student.email, user=student)
    student.refresh_from_db()
    assert (donor.user, set(student.roles), bool(donor.verified_at)) == (student, {"student", "donor"}, True)


def test_what_they_offered_before_they_signed_up_becomes_theirs(student: User) -> None:
    before = donor_of(student.email)
    assert donor_of(student.email, user=student) == before
    before.refresh_from_db()
    assert before.user == student


def test_an_unproven_address_ties_nothing(student: User) -> None:
    EmailAddress.objects.filter(user=student).update(verified=False)
    assert donor_of(student.email, user=student).user is None
    student.refresh_from_db()
    assert student.roles == ["student"]


def test_another_address_ties_nothing(student: User) -> None:
    assert donor_of("ana@example.org", user=student).user is None


def test_a_person_has_one_row_also_with_a_new_address(student: User) -> None:
    first = donor_of(student.email, user=student)
    EmailAddress.objects.filter(user=student).update(email="new@example.org")
    User.objects.filter(pk=student.pk).update(email="new@example.org")
    student.refresh_from_db()
    assert donor_of("new@example.org", user=student) == first


# ---- tying ----


def test_tying_twice_changes_nothing(student: User) -> None:
    donor = donor_of()
    for _twice in range(2):
        donor_rows.tie(donor=donor, user=student)
    student.refresh_from_db()
    donor.refresh_from_db()
    assert (donor.user, student.roles.count("donor")) == (student, 1)


def test_a_donor_of_one_account_is_not_tied_to_another(student: User, student2: User) -> None:
    donor = donor_of()
    donor_rows.tie(donor=donor, user=student)
    with pytest.raises(TiedElsewhere, match="another account"):
        donor_rows.tie(donor=donor, user=student2)
    student2.refresh_from_db()
    assert (Donor.objects.get().user, student2.roles) == (student, ["student"])


def test_an_account_has_one_donor(student: User) -> None:
    donor_rows.tie(donor=donor_of(), user=student)
    with pytest.raises(TiedElsewhere, match="another address"):
        donor_rows.tie(donor=donor_of("ana@example.org"), user=student)
    assert Donor.objects.get(email="ana@example.org").user is None


def test_the_other_roles_stay(teacher: User) -> None:
    donor_rows.tie(donor=donor_of(), user=teacher)
    teacher.refresh_from_db()
    assert set(teacher.roles) == {"teacher", "donor"}


def test_it_is_verified_once() -> None:
    donor = donor_of()
    assert donor.verified_at is None
    donor_rows.verify(donor)
    at = Donor.objects.get().verified_at
    donor_rows.verify(donor)
    assert at is not None
    assert Donor.objects.get().verified_at == at


# ---- erasing ----


def test_an_erased_donor_is_nobody(student: User) -> None:
    donor = donor_of(organisation="Colegio Mejía")
    donor_rows.tie(donor=donor, user=student)
    text = donor_links.token(donor)
    donor_rows.erase(donor)
    donor.refresh_from_db()
    kept = {donor.email, donor.name, donor.organisation, donor.language, donor.browser_time_zone}
    assert kept == {f"erased-{donor.pk}@invalid", "-", ""}
    assert (donor.user, donor.verified_at) == (None, None)
    for link in (text, donor_links.token(donor)):
        with pytest.raises(BadLink):
            donor_links.read(link)
    assert donor_of() != donor


# ---- at once ----


@pytest.mark.django_db(transaction=True)
def test_of_two_donors_who_are_tied_to_an_account_at_once_one_is_and_one_is_told(student: User) -> None:
    donors, start, told = [donor_of(), donor_of("ana@example.org")], threading.Barrier(2), []

    def press(donor: Donor) -> None:
        start.wait()
        try:
            donor_rows.tie(donor=donor, user=student)
        except TiedElsewhere as refusal:
            told.append(str(refusal))
        connection.close()

    threads = [threading.Thread(target=press, args=[donor]) for donor in donors]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert Donor.objects.filter(user=student).count() == 1
    [sentence] = told
    assert "another address" in sentence


@pytest.mark.django_db(transaction=True)
def test_who_offers_does_not_take_over_a_donor_who_is_tied_meanwhile(student: User, student2: User) -> None:
    donor = donor_of(student.email)
    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            donor_rows.tie(donor=donor, user=student2)
            offers = pool.submit(in_own_connection, lambda: donor_of(student.email, user=student))
            until(count_of_waiting, "the offer waits for the donor's row")
        offers.result(timeout=PATIENCE)
    student.refresh_from_db()
    assert (Donor.objects.get().user, student.roles) == (student2, ["student"])


def test_what_was_erased_meanwhile_is_tied_to_nobody(student: User, student2: User) -> None:
    donor = donor_of()
    donor_rows.erase(donor)
    with pytest.raises(TiedElsewhere, match="erased"):
        donor_rows.tie(donor=donor, user=student)
    person_actions.remove(person=student2, by=None)
    with pytest.raises(TiedElsewhere, match="erased"):
        donor_rows.tie(donor=donor_of("ana@example.org"), user=student2)
    assert not Donor.objects.exclude(user=None).exists()


@pytest.mark.django_db(transaction=True)
def test_removing_a_person_waits_for_what_is_written_about_their_row_as_a_donor(student: User) -> None:
    donor = donor_of()
    donor_rows.tie(donor=donor, user=student)
    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            Donor.objects.select_for_update().get(pk=donor.pk)
            removing = pool.submit(in_own_connection, lambda: person_actions.remove(person=student, by=None))
            until(count_of_waiting, "the removal waits for the donor's row")
            Unsubscribed.objects.create(user=student, kind="donation.month")  # waits for the person's key
        removing.result(timeout=PATIENCE)
    assert not Unsubscribed.objects.exists()


def test_mails_to_a_donor_go_with_whoever_is_removed(student: User) -> None:
    donor = donor_of()
    Notice.objects.create(donor=donor, kind="donation.link", about="donor:1", channel="mail")
    donor_rows.tie(donor=donor, user=student)
    person_actions.remove(person=student, by=None)
    assert not Notice.objects.filter(donor=donor).exists()
