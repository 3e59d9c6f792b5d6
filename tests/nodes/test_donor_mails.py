"""Mails to donors: where, when and in which language; and what is left when a donor is removed."""

import re
from dataclasses import replace
from typing import Any

import pytest

from accounts import person_actions
from accounts.donors import donor_links, donor_rows
from accounts.models import Donor, Notice, User
from nodes import actions, donor_actions
from nodes.models import Donation
from nodes.states import MOVES, STEPS, TOLD, State
from portal import access
from tests.nodes.conftest import Clock
from tests.nodes.donated import OLD, PC, mailed, make_computer, offered, states_of, stepped, taken
from tests.nodes.wiping.wiped import certified

# ---- mails ----


@pytest.fixture
def told(mailoutbox: list[Any], settings: Any, clock: Clock) -> list[Any]:
    """Return all that is mailed."""
    settings.PORTAL_URL = "https://labs.example.org"
    return mailoutbox


def test_the_offer_is_answered_at_once_at_the_donors_address_in_their_language(lucia: Donor, told: list[Any]) -> None:
    offered(PC, OLD, donor=lucia)
    assert mailed() == 1
    [letter] = told
    assert (letter.to, letter.subject) == (["lucia@example.org"], "Tu oferta de 2 computadoras")
    assert f"https://labs.example.org/given/{donor_links.token(lucia)}/" in letter.body
    assert "32 bits" in letter.body


def test_what_a_stranger_may_have_typed_is_not_mailed(lucia: Donor, admin: User, told: list[Any]) -> None:
    """Anybody may type anybody's address: the mail has none of their words until somebody who reads it has acted."""
    offered(PC, donor=lucia)
    donor_actions.mail_new_link(email=lucia.email)
    assert mailed() == 2
    for letter in told:
        for text in (letter.body, letter.alternatives[0][0]):
            assert not {"Lucía", "Mejía", "OptiPlex"} & set(re.findall(r"\w+", text)), text
            assert "Hola:" in text
    donor_rows.verify(lucia)
    offered(PC, donor=lucia)
    donor_actions.mail_new_link(email=lucia.email)
    assert mailed() == 2
    assert all("Lucía Paz" in letter.body for letter in told[2:])
    assert "OptiPlex" in told[2].body


@pytest.mark.parametrize("has_certificate", [True, False])
def test_the_mail_about_a_wipe_says_whether_there_is_a_certificate(
    admin: User, told: list[Any], clock: Clock, has_certificate: bool
) -> None:
    computer = stepped(make_computer("accepted"), "receive", by=admin)
    if has_certificate:
        certified(admin, computer)
    stepped(computer, "wipe", by=admin)
    clock.pass_minutes(11)
    mailed()
    assert ("On your page there is a certificate of it." in told[-1].body) == has_certificate


def test_the_link_of_the_mail_is_the_donors(lucia: Donor, told: list[Any]) -> None:
    offered(donor=lucia)
    mailed()
    text = told[0].body.partition("/given/")[2].partition("/")[0]
    assert donor_links.read(text) == lucia


def test_the_mail_about_a_step_waits_until_it_cannot_be_undone(
    lucia: Donor, admin: User, clock: Clock, told: list[Any]
) -> None:
    donation = offered(donor=lucia)
    mailed()
    taken(donation, "accept", admin)
    clock.pass_minutes(9.99)
    assert mailed() == 0
    clock.pass_minutes(0.01)
    assert mailed() == 1
    assert told[-1].subject == "Tu computadora es bienvenida"


def test_undoing_cancels_the_mail(lucia: Donor, admin: User, clock: Clock, told: list[Any]) -> None:
    donation = offered(donor=lucia)
    mailed()
    actions.undo(batch=taken(donation, "accept", admin), by=admin)
    clock.pass_minutes(60)
    assert mailed() == 0
    assert Notice.objects.get(kind="donation.step").state == "cancelled"


def test_a_step_that_is_taken_again_is_mailed(lucia: Donor, admin: User, clock: Clock, told: list[Any]) -> None:
    donation = offered(donor=lucia)
    actions.undo(batch=taken(donation, "accept", admin), by=admin)
    taken(donation, "accept", admin)
    clock.pass_minutes(10)
    assert mailed() == 2  # with the offer's


def test_one_mail_for_all_of_a_press(lucia: Donor, admin: User, clock: Clock, told: list[Any]) -> None:
    donation = offered(PC, PC, PC, donor=lucia)
    mailed()
    taken(donation, "accept", admin, note="three of a kind")
    clock.pass_minutes(10)
    assert mailed() == 1
    first, _second, third = donation.computers.all()
    assert f"3 × Dell OptiPlex 780 ({first.number} a {third.number})" in told[-1].body
    assert "kind" not in told[-1].body  # the note is for staff


@pytest.mark.parametrize("name", [name for name, step in STEPS.items() if step.to in TOLD])
def test_each_step_that_matters_has_its_words_in_both_languages(
    lucia: Donor, admin: User, clock: Clock, told: list[Any], name: str
) -> None:
    before = next(state for state in State.values if STEPS[name].to in MOVES[state] and state != "waiting")
    subjects = []
    for language in ("es", "en"):
        Donor.objects.update(language=language)
        computer = make_computer(before, donor=Donor.objects.get())
        taken(computer.donation, name, admin)
        clock.pass_minutes(10)
        assert mailed() == 2
        [letter] = [each for each in told[-2:] if "MNG-D" not in each.body]
        subjects.append(letter.subject)
        assert len(letter.body.split("\n\n")[2].split()) > 5  # a sentence
        assert letter.alternatives
    assert subjects[0] != subjects[1]


@pytest.mark.parametrize("name", [name for name, step in STEPS.items() if step.to in MOVES[State.LOST]])
def test_whoever_was_told_that_it_is_lost_is_told_that_it_was_found(
    lucia: Donor, admin: User, clock: Clock, told: list[Any], name: str
) -> None:
    computer = make_computer("lost", donor=lucia)
    taken(computer.donation, name, admin)
    clock.pass_minutes(10)
    mailed()
    assert told[-1].subject == "Tu computadora apareció"
    assert "volvió a aparecer" in told[-1].body
    assert "disco" not in told[-1].body


def test_a_mail_is_about_those_of_a_press_that_are_news(
    lucia: Donor, admin: User, clock: Clock, told: list[Any]
) -> None:
    donation = offered("new one", "mended one", donor=lucia)
    new, mended = donation.computers.all()
    stepped(new, "accept", by=admin)
    stepped(mended, "accept", "receive", "wait_for_parts", by=admin)
    clock.pass_minutes(10)
    mailed()
    taken(donation, "receive", admin)
    clock.pass_minutes(10)
    assert mailed() == 1
    assert told[-1].subject == "Tu computadora ya está aquí"
    assert (new.number in told[-1].body, mended.number in told[-1].body) == (True, False)


def test_nobody_is_asked_to_bring_what_is_here_already(
    lucia: Donor, admin: User, clock: Clock, told: list[Any]
) -> None:
    donation = offered(donor=lucia)
    mailed()
    taken(donation, "accept", admin)
    taken(donation, "receive", admin)
    clock.pass_minutes(10)
    mailed()
    assert [each.subject for each in told[1:]] == ["Tu computadora ya está aquí"]


@pytest.mark.parametrize(("handover", "words"), [("bring", "Please bring it."), ("fetch", "We come and fetch it")])
def test_who_is_accepted_reads_how_it_comes_here_and_where_to_ask(
    lucia: Donor, admin: User, clock: Clock, told: list[Any], settings: Any, handover: str, words: str
) -> None:
    settings.DONATIONS_EMAIL, settings.DONATIONS_PLACE = "give@example.org", "Building 12"
    Donor.objects.update(language="en")
    donation = offered(donor=lucia)
    Donation.objects.update(handover=handover)
    taken(donation, "accept", admin)
    clock.pass_minutes(10)
    mailed()
    assert words in told[-1].body
    assert ("fetch" in told[-1].body) == (handover == "fetch")
    for each in (told[-1].body, told[-1].alternatives[0][0]):
        assert "give@example.org" in each
        assert ("Building 12" in each) == (handover == "bring")


def test_a_mail_tells_the_reasons_that_are_true_of_all_that_it_names(
    lucia: Donor, admin: User, clock: Clock, told: list[Any]
) -> None:
    Donor.objects.update(language="en")
    for second, tells_both in ((OLD, True), (replace(OLD, cpu="", bits=64), False)):
        donation = offered(OLD, second, donor=lucia)
        donation.computers.update(state="accepted", reason="")
        taken(donation, "decline", admin, reason="memory")
        clock.pass_minutes(10)
        mailed()
        [letter] = [each for each in told[-2:] if each.subject == "We cannot take these of your computers"]
        assert "\nThank you for your offer." in letter.body
        assert "It has too little memory." in letter.body
        assert ("It is a 32-bit computer." in letter.body) == tells_both


def test_what_is_mailed_to_a_donor_without_an_account_is_seen_by_nobody_else(
    lucia: Donor, student: User, donor: User, teacher: User, admin: User
) -> None:
    offered(donor=lucia)
    notice = Notice.objects.get()
    assert (notice.recipient, notice.donor, notice.channel) == (None, lucia, "mail")
    assert [person for person in (student, donor, teacher) if access.visible(person, Notice).exists()] == []
    assert access.visible(admin, Notice).get() == notice  # who sees whether mails arrive


def test_with_an_account_the_mail_goes_there(
    lucia: Donor, student: User, admin: User, clock: Clock, told: list[Any]
) -> None:
    donation = offered(donor=lucia)
    mailed()
    donor_rows.tie(donor=lucia, user=student)
    User.objects.filter(pk=student.pk).update(language="en")
    taken(donation, "accept", admin)
    clock.pass_minutes(10)
    assert mailed() == 1
    assert (told[-1].to, told[-1].subject) == ([student.email], "Your computer is welcome")
    assert "https://labs.example.org/donating/" in told[-1].body


def test_an_account_without_a_proven_address_leaves_the_mails_where_they_went(
    lucia: Donor, student: User, admin: User, clock: Clock, told: list[Any]
) -> None:
    donation = offered(donor=lucia)
    mailed()
    donor_rows.tie(donor=lucia, user=student)
    User.objects.filter(pk=student.pk).update(email="unproven@example.org")
    taken(donation, "accept", admin)
    clock.pass_minutes(10)
    assert mailed() == 1
    assert told[-1].to == ["lucia@example.org"]


# ---- the donor is removed ----


def test_with_the_person_the_donor_is_erased_and_what_was_given_stays(
    lucia: Donor, student: User, admin: User, clock: Clock, told: list[Any]
) -> None:
    donation = offered(donor=lucia)
    mailed()
    taken(donation, "accept", admin)  # its mail is on the way to the donor's row
    donor_rows.tie(donor=lucia, user=student)
    text = donor_links.token(Donor.objects.get())
    person_actions.remove(person=student, by=admin)
    lucia.refresh_from_db()
    assert (lucia.name, lucia.organisation, lucia.user, lucia.email.endswith("@invalid")) == ("-", "", None, True)
    assert states_of(donation) == ["accepted"]
    with pytest.raises(donor_links.BadLink):
        donor_links.read(text)
    clock.pass_minutes(10)
    assert (mailed(), len(told)) == (0, 1)
    assert donor_rows.find_or_make(
        email="lucia@example.org", name="Lucía", organisation="", user=None, language="es", browser_time_zone=""
    ) != lucia  # fmt: skip


def test_the_own_address_of_a_donor_is_told_of_another_account(
    lucia: Donor, student: User, told: list[Any], settings: Any
) -> None:
    settings.DONATIONS_EMAIL = "donar@example.org"
    donor_rows.verify(lucia)
    for _twice in range(2):
        donor_actions.tie(donor=Donor.objects.get(), user=student)
    assert mailed() == 1
    [letter] = told
    assert letter.to == ["lucia@example.org"]
    assert "a la cuenta student." in letter.body
    assert "escríbenos: donar@example.org" in letter.body


def test_who_ties_their_own_address_is_told_nothing(student: User, told: list[Any]) -> None:
    facts = {"name": "Ana", "organisation": "", "language": "", "browser_time_zone": ""}
    donor = donor_rows.find_or_make(email=student.email, user=None, **facts)
    donor_actions.tie(donor=donor, user=student)
    assert mailed() == 0
