"""The wall of thanks: who stands there, with which words, and what is never said."""

from typing import Any

import pytest

from accounts.donors import donor_rows
from accounts.models import AuditRow, Donor, User, WallThanks
from lib.notes import Refusal
from nodes.models import ServedMonth
from nodes.thanks import wall
from nodes.thanks.wall_text import BadText, clean_text
from tests.nodes.donated import donor_of, mailed, make_computer
from tests.nodes.hypervisors.seen import START, make_node

pytestmark = pytest.mark.django_db


@pytest.fixture
def donor() -> Donor:
    return make_computer("in_service").donation.donor


def words() -> list[str]:
    return [row.text for row in wall.with_words()]


def taken_off(donor: Donor, by: User, text: str = "Colegio Mejía") -> None:
    row = wall.place_of(donor)
    assert row
    wall.take_off(row=row, text=text, reason="An advertisement", by=by)


def test_nobody_stands_there_who_did_not_choose_it(donor: Donor) -> None:
    assert not wall.standing().exists()
    wall.stand(donor=donor)
    assert (wall.standing().count(), words()) == (1, [])


def test_who_leaves_leaves_no_row(donor: Donor) -> None:
    wall.stand(donor=donor, text="Colegio Mejía")
    assert words() == ["Colegio Mejía"]
    wall.leave(donor=donor)
    assert not WallThanks.objects.exists()


@pytest.mark.parametrize("state", ["offered", "accepted", "declined", "lost"])
def test_the_wall_is_for_those_of_whom_something_came(state: str) -> None:
    donor = make_computer(state).donation.donor
    with pytest.raises(wall.NotYet):
        wall.stand(donor=donor, text="Colegio Mejía")
    assert not WallThanks.objects.exists()


def test_whose_computer_is_no_longer_here_is_not_shown(donor: Donor) -> None:
    wall.stand(donor=donor, text="Colegio Mejía")
    donor.donations.get().computers.update(state="accepted")  # its receipt was taken back
    assert words() == []


def test_erasing_takes_the_place_away(donor: Donor) -> None:
    wall.stand(donor=donor, text="Colegio Mejía")
    donor_rows.erase(donor)
    assert not WallThanks.objects.exists()
    with pytest.raises(wall.NotYet, match="erased"):
        wall.stand(donor=donor)


def test_staff_take_words_off_and_it_is_recorded(donor: Donor, admin: User) -> None:
    wall.stand(donor=donor, text="Colegio Mejía")
    taken_off(donor, admin)
    row = AuditRow.objects.get(verb="take_off_thanks")
    assert (words(), row.detail, row.name) == ([], {"note": "An advertisement"}, donor.donations.get().number)


@pytest.mark.parametrize(("language", "said"), [("en", "The reason: An advertisement"), ("es", "El motivo: An adver")])
def test_the_donor_gets_the_reason_by_mail_with_their_page(
    donor: Donor, admin: User, mailoutbox: list[Any], language: str, said: str
) -> None:
    Donor.objects.update(language=language)
    wall.stand(donor=donor, text="Colegio Mejía")
    taken_off(donor, admin)
    mailed()
    sent = mailoutbox[-1]
    assert sent.to == [donor.email]
    page = sent.body.partition("http://")[2].split()[0].partition("/")[2]
    assert (said in sent.body, "Colegio Mejía" in sent.body, page.endswith("/thanks/")) == (True, True, True)


def test_of_words_that_are_taken_off_twice_before_the_mail_goes_one_mail_tells(
    donor: Donor, admin: User, mailoutbox: list[Any]
) -> None:
    for text in ("Colegio Mejía", "Other words"):
        wall.stand(donor=donor, text=text)
        taken_off(donor, admin, text)
    mailed()
    bodies = [sent.body for sent in mailoutbox if "the wall of thanks" in sent.subject]
    assert ["Other words" in body for body in bodies] == [True]


def test_words_that_were_taken_off_are_not_taken_again(donor: Donor, admin: User) -> None:
    wall.stand(donor=donor, text="Colegio Mejía")
    taken_off(donor, admin)
    wall.leave(donor=donor)  # nor after leaving
    with pytest.raises(Refusal, match="took these words off"):
        wall.stand(donor=donor, text="COLEGIO MEJÍA")
    wall.stand(donor=donor, text="A school")
    assert words() == ["A school"]


def test_only_the_words_that_an_administrator_read_are_taken_off(donor: Donor, admin: User) -> None:
    wall.stand(donor=donor, text="A school")
    for text in ("Colegio Mejía", "A school" * 99):
        with pytest.raises(wall.Changed):
            taken_off(donor, admin, text)
    assert words() == ["A school"]
    assert not AuditRow.objects.exists()


@pytest.mark.parametrize(
    "text",
    [
        "see https://x.example", "www.example.org", "minga.example", "minga．example", "lucia@example.org", "call +593 99 123 4567",
        "a\u202eb", "two\nlines", "a" * 81, "Z\u0301\u0302\u0303\u0304algo", "…!", "\u200b",
    ],
)  # fmt: skip
def test_words_that_are_refused(text: str) -> None:
    with pytest.raises(Refusal):
        clean_text(text)


@pytest.mark.parametrize(
    "text", ["Łukasz & Co., S.A.", "Colegio “Mejía” 2026", "Nguyễn Thị Bích", "أصدقاء منغا", "Thank you! ❤️", "a" * 80]
)
def test_words_that_are_good_as_they_are(text: str) -> None:
    assert clean_text(text) == text


def test_sums_are_said_of_several_donors_only() -> None:
    computers = [make_computer("in_service", donor=donor_of(f"d{n}@example.org")) for n in range(wall.FEWEST)]
    node = make_node()
    rows: Any = [{"node": node, "computer": each, "month": START, "seconds": 150 * 3600} for each in computers]
    ServedMonth.objects.bulk_create(ServedMonth(**row) for row in rows[1:])
    assert wall.together() == wall.Together(computers=5, hours=0)  # four of them served
    ServedMonth.objects.create(**rows[0])
    assert wall.together() == wall.Together(computers=5, hours=700)


def test_words_that_were_taken_off_before_others_are_not_taken_again(donor: Donor, admin: User) -> None:
    for text in ("One", "Two"):
        wall.stand(donor=donor, text=text)
        taken_off(donor, admin, text)
    for text in ("ONE", "two"):
        with pytest.raises(Refusal, match="took these words off"):
            wall.stand(donor=donor, text=text)


@pytest.mark.parametrize(
    "text", ["t.me/minga", "Look at x.com", "minga。example", "http:minga", "10.0.0.1", "099–876–5432", "099·876·5432", "099 1998 765"]
)  # fmt: skip
def test_ways_around_which_are_refused_too(text: str) -> None:
    with pytest.raises(BadText):
        clean_text(text)


@pytest.mark.parametrize("text", ["Promoción 1998-2002", "Año lectivo 2025/2026", "1999 – 2001", "J.Paz y M.Coral"])
def test_years_are_no_telephone_and_initials_no_address(text: str) -> None:
    assert clean_text(text) == text
