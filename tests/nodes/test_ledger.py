"""The ledger of donations: offers, steps, undo, and what the donor is mailed."""

import threading
import uuid
from email.message import EmailMessage
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import person_actions
from accounts.donors import donor_links, donor_rows
from accounts.models import AuditRow, Donor, Notice, User
from accounts.notices import mail
from nodes import actions, donation_states, states
from nodes.actions import BadOffer, BadStep, NothingToConfirm, NotUndoable, Offered, OutOfOrder
from nodes.models import Computer, Donation, StateChange
from nodes.states import MOVES, STEPS, TOLD, State
from portal import access
from tests.nodes.conftest import Clock

PC = Offered(kind="desktop", model="Dell OptiPlex 7010", cpu="Core i5-3470", ram_mb=8192)
OLD = Offered(kind="desktop", model="Clone", cpu="Pentium 4")
WAY = ("accept", "receive", "wipe", "test", "put_in_service", "retire", "recycle")


def offered(donor: Donor, *computers: Offered) -> Donation:
    return actions.offer(donor=donor, computers=computers or (PC,), handover="bring")


def taken(donation: Donation, name: str, by: User, **facts: Any) -> uuid.UUID:
    if name == "decline":
        facts.setdefault("reason", "enough")
    return actions.step(computers=donation.computers.all(), name=name, by=by, **facts)


def in_state(donor: Donor, state: str) -> Computer:
    """A computer that is in a state, by whichever way."""
    computer = offered(donor).computers.get()
    facts = {"state": state, "reason": "enough" if state == "declined" else ""}
    Computer.objects.filter(pk=computer.pk).update(**facts)
    computer.refresh_from_db()
    return computer


def states_of(donation: Donation) -> list[str]:
    return list(donation.computers.values_list("state", flat=True))


def mailed() -> int:
    """Send what is due, and say how many mails that were."""
    return mail.send_due(timezone.now())


# ---- offers ----


def test_an_offer_with_one_too_small_declines_that_one_with_its_reason(lucia: Donor) -> None:
    donation = offered(lucia, PC, OLD, Offered(kind="laptop", ram_mb=512))
    facts = list(donation.computers.values_list("state", "reason"))
    assert facts == [("offered", ""), ("declined", "bits"), ("declined", "memory")]
    changes = StateChange.objects.filter(computer__donation=donation).order_by("pk")
    assert [(change.to_state, change.reason) for change in changes] == [
        ("offered", ""), ("offered", ""), ("declined", "bits"), ("offered", ""), ("declined", "memory"),
    ]  # fmt: skip
    assert {(change.by, change.at) for change in changes} == {(None, donation.offered_at)}


@pytest.mark.parametrize("count", [0, actions.MOST_COMPUTERS + 1])
def test_none_and_too_many_are_no_offer(lucia: Donor, count: int) -> None:
    with pytest.raises(BadOffer) as caught:
        actions.offer(donor=lucia, computers=[PC] * count, handover="bring")
    assert (caught.value.field, Donation.objects.count(), Notice.objects.count()) == ("computers", 0, 0)


# ---- steps ----


@pytest.mark.parametrize("state", State.values)
@pytest.mark.parametrize("name", STEPS)
def test_every_step_from_every_state_moves_and_mails_or_is_refused(
    lucia: Donor, admin: User, state: str, name: str
) -> None:
    computer, to = in_state(lucia, state), STEPS[name].to
    Notice.objects.all().delete()
    if to not in MOVES[state]:
        with pytest.raises(OutOfOrder, match=computer.number):
            taken(computer.donation, name, admin)
        assert (states_of(computer.donation), Notice.objects.count()) == ([state], 0)
        return
    taken(computer.donation, name, admin, note="as seen")
    computer.refresh_from_db()
    assert (computer.state, computer.reason) == (to, "enough" if name == "decline" else "")
    change = computer.changes.first()
    assert change
    assert (change.from_state, change.to_state, change.by, change.note) == (state, to, admin, "as seen")
    if state != State.WAITING:  # of a computer that waited for parts, no mail or one: both are right
        assert Notice.objects.count() == (to in TOLD)


def test_each_move_is_written_into_the_audit_log(lucia: Donor, admin: User) -> None:
    donation = offered(lucia, PC, PC)
    taken(donation, "accept", admin, note="both")
    rows = AuditRow.objects.filter(kind="computer").values_list("who__username", "verb", "name", "detail")
    assert set(rows.values_list("who__username", "verb")) == {("admin", "accept_computer")}
    assert {row[2] for row in rows} == {computer.number for computer in donation.computers.all()}
    assert [row[3] for row in rows] == [{"note": "both"}] * 2


def test_all_or_none(lucia: Donor, admin: User) -> None:
    donation = offered(lucia, PC, PC)
    actions.step(computers=donation.computers.all()[:1], name="accept", by=admin)
    with pytest.raises(OutOfOrder):
        taken(donation, "receive", admin)
    assert states_of(donation) == ["accepted", "offered"]


def test_a_decline_needs_a_reason_of_the_list(lucia: Donor, admin: User) -> None:
    donation = offered(lucia)
    for reason in ("", "ugly"):
        with pytest.raises(BadStep) as caught:
            taken(donation, "decline", admin, reason=reason)
        assert caught.value.field == "reason"
    taken(donation, "decline", admin, reason="broken")
    assert donation.computers.get().reason == "broken"


def test_one_that_was_declined_is_accepted_later_and_that_is_undone(lucia: Donor, admin: User) -> None:
    donation = offered(lucia, OLD)
    batch = taken(donation, "accept", admin)
    assert (donation.computers.get().state, donation.computers.get().reason) == ("accepted", "")
    actions.undo(batch=batch, by=admin)
    assert (donation.computers.get().state, donation.computers.get().reason) == ("declined", "bits")


def test_the_reason_that_comes_back_is_the_last_one(lucia: Donor, admin: User) -> None:
    donation = offered(lucia, OLD)
    taken(donation, "accept", admin)
    taken(donation, "decline", admin, reason="never_came")
    batch = taken(donation, "accept", admin)
    actions.undo(batch=batch, by=admin)
    assert donation.computers.get().reason == "never_came"


def test_it_is_weighed_when_it_is_received(lucia: Donor, admin: User) -> None:
    donation = offered(lucia)
    taken(donation, "accept", admin, grams=1)
    assert donation.computers.get().grams is None
    taken(donation, "receive", admin, grams=8400)
    taken(donation, "wipe", admin)
    assert donation.computers.get().grams == 8400


def test_parts_go_to_another_computer(lucia: Donor, admin: User) -> None:
    computer, other = in_state(lucia, "received"), in_state(lucia, "waiting")
    batch = taken(computer.donation, "use_for_parts", admin, used_for=other)
    assert list(other.parts_of.all()) == [computer]
    actions.undo(batch=batch, by=admin)
    computer.refresh_from_db()
    assert (computer.state, computer.used_for) == ("received", None)


def test_what_was_used_for_parts_keeps_saying_so_when_it_is_recycled(lucia: Donor, admin: User) -> None:
    computer, other = in_state(lucia, "received"), in_state(lucia, "waiting")
    taken(computer.donation, "use_for_parts", admin, used_for=other)
    batch = taken(computer.donation, "recycle", admin)
    actions.undo(batch=batch, by=admin)
    computer.refresh_from_db()
    assert (computer.state, computer.used_for) == ("parts", other)


def test_it_is_not_used_for_parts_of_itself(lucia: Donor, admin: User) -> None:
    computer = in_state(lucia, "received")
    with pytest.raises(BadStep) as caught:
        taken(computer.donation, "use_for_parts", admin, used_for=computer)
    assert caught.value.field == "used_for"


def test_there_is_no_such_step(lucia: Donor, admin: User) -> None:
    with pytest.raises(LookupError):
        taken(offered(lucia), "melt", admin)


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_at_once_the_second_is_told(lucia: Donor, admin: User, teacher: User) -> None:
    donation, outcomes, start = offered(lucia), [], threading.Barrier(2)

    def press(by: User) -> None:
        start.wait()
        try:
            taken(donation, "accept", by)
            outcomes.append("done")
        except OutOfOrder:
            outcomes.append("told")
        connection.close()

    threads = [threading.Thread(target=press, args=[by]) for by in (admin, teacher)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert (sorted(outcomes), StateChange.objects.count()) == (["done", "told"], 2)


# ---- undo ----


def test_a_step_is_taken_back_within_ten_minutes(lucia: Donor, admin: User, clock: Clock) -> None:
    donation = offered(lucia)
    batch = taken(donation, "accept", admin)
    clock.pass_minutes(9.99)
    [computer] = actions.undo(batch=batch, by=admin)
    assert (computer.state, computer.state_since) == ("offered", timezone.now())
    newest, undone, _offer = computer.changes.all()
    assert (newest.undoes, newest.to_state, undone.undone_by) == (undone, "offered", newest)
    assert AuditRow.objects.filter(verb="undo_computer_step").count() == 1


def test_after_ten_minutes_it_stays(lucia: Donor, admin: User, clock: Clock) -> None:
    donation = offered(lucia)
    batch = taken(donation, "accept", admin)
    clock.pass_minutes(10)
    with pytest.raises(NotUndoable, match="for 10 minutes"):
        actions.undo(batch=batch, by=admin)
    assert states_of(donation) == ["accepted"]


def test_it_is_taken_back_once(lucia: Donor, admin: User) -> None:
    donation = offered(lucia)
    batch = taken(donation, "accept", admin)
    actions.undo(batch=batch, by=admin)
    with pytest.raises(NotUndoable):
        actions.undo(batch=batch, by=admin)
    assert (states_of(donation), StateChange.objects.count()) == (["offered"], 3)


def test_an_undoing_is_not_undone_and_the_step_is_taken_again(lucia: Donor, admin: User) -> None:
    donation = offered(lucia)
    actions.undo(batch=taken(donation, "accept", admin), by=admin)
    undoing = StateChange.objects.get(undoes__isnull=False).batch
    with pytest.raises(NotUndoable):
        actions.undo(batch=undoing, by=admin)
    taken(donation, "accept", admin)
    assert states_of(donation) == ["accepted"]


@pytest.mark.parametrize("batch", [uuid.UUID(int=1), None])
def test_what_is_no_step_is_not_undone(lucia: Donor, admin: User, batch: uuid.UUID | None) -> None:
    donation = offered(lucia, PC, OLD)
    with pytest.raises(NotUndoable, match="no such step"):
        actions.undo(batch=batch or StateChange.objects.all()[0].batch, by=admin)
    assert states_of(donation) == ["offered", "declined"]


def test_a_batch_of_three_is_taken_back_as_one(lucia: Donor, admin: User) -> None:
    donation = offered(lucia, PC, PC, PC)
    batch = taken(donation, "accept", admin)
    assert states_of(donation) == ["accepted"] * 3
    assert len(actions.undo(batch=batch, by=admin)) == 3
    assert states_of(donation) == ["offered"] * 3


def test_a_batch_of_which_one_went_on_stays(lucia: Donor, admin: User) -> None:
    donation = offered(lucia, PC, PC, PC)
    batch = taken(donation, "accept", admin)
    actions.step(computers=donation.computers.all()[1:2], name="receive", by=admin)
    with pytest.raises(NotUndoable, match="Something happened"):
        actions.undo(batch=batch, by=admin)
    assert states_of(donation) == ["accepted", "received", "accepted"]


def test_only_the_last_step_is_taken_back(lucia: Donor, admin: User) -> None:
    donation = offered(lucia)
    first = taken(donation, "accept", admin)
    second = taken(donation, "receive", admin)
    with pytest.raises(NotUndoable):
        actions.undo(batch=first, by=admin)
    actions.undo(batch=second, by=admin)
    assert states_of(donation) == ["accepted"]


# ---- mails ----


@pytest.fixture
def told(mailoutbox: list[EmailMessage], settings: Any, clock: Clock) -> list[Any]:
    """What was mailed."""
    settings.PORTAL_URL = "https://labs.example.org"
    return mailoutbox


def test_the_offer_is_answered_at_once_at_the_donors_address_in_their_language(lucia: Donor, told: list[Any]) -> None:
    offered(lucia, PC, OLD)
    assert mailed() == 1
    [letter] = told
    assert (letter.to, letter.subject) == (["lucia@example.org"], "Tu oferta de 2 computadoras")
    assert f"https://labs.example.org/given/{donor_links.token(lucia)}/" in letter.body
    assert ("Hola, Lucía Paz" in letter.body or "Hola Lucía Paz" in letter.body) and "32 bits" in letter.body


def test_the_link_of_the_mail_is_the_donors(lucia: Donor, told: list[Any]) -> None:
    offered(lucia)
    mailed()
    text = told[0].body.partition("/given/")[2].partition("/")[0]
    assert donor_links.read(text) == lucia


def test_the_mail_about_a_step_waits_until_it_cannot_be_undone(
    lucia: Donor, admin: User, clock: Clock, told: list[Any]
) -> None:
    donation = offered(lucia)
    mailed()
    taken(donation, "accept", admin)
    clock.pass_minutes(9.99)
    assert mailed() == 0
    clock.pass_minutes(0.01)
    assert mailed() == 1
    assert told[-1].subject == "Tu computadora es bienvenida"


def test_undoing_cancels_the_mail(lucia: Donor, admin: User, clock: Clock, told: list[Any]) -> None:
    donation = offered(lucia)
    mailed()
    actions.undo(batch=taken(donation, "accept", admin), by=admin)
    clock.pass_minutes(60)
    assert mailed() == 0
    assert Notice.objects.get(kind="donation.step").state == "cancelled"


def test_a_step_that_is_taken_again_is_mailed(lucia: Donor, admin: User, clock: Clock, told: list[Any]) -> None:
    donation = offered(lucia)
    actions.undo(batch=taken(donation, "accept", admin), by=admin)
    taken(donation, "accept", admin)
    clock.pass_minutes(10)
    assert mailed() == 2  # with the offer's


def test_one_mail_for_all_of_a_press(lucia: Donor, admin: User, clock: Clock, told: list[Any]) -> None:
    donation = offered(lucia, PC, PC, PC)
    mailed()
    taken(donation, "accept", admin, note="three of a kind")
    clock.pass_minutes(10)
    assert mailed() == 1
    assert all(computer.number in told[-1].body for computer in donation.computers.all())
    assert "kind" not in told[-1].body  # the note is for staff


@pytest.mark.parametrize("name", [name for name, step in STEPS.items() if step.to in TOLD])
def test_each_step_that_matters_has_its_words_in_both_languages(
    lucia: Donor, admin: User, clock: Clock, told: list[Any], name: str
) -> None:
    before = next(state for state in State.values if STEPS[name].to in MOVES[state] and state != "waiting")
    subjects = []
    for language in ("es", "en"):
        Donor.objects.update(language=language)
        computer = in_state(Donor.objects.get(), before)
        taken(computer.donation, name, admin)
        clock.pass_minutes(10)
        assert mailed() == 2
        [letter] = [each for each in told[-2:] if "MNG-D" not in each.body]
        subjects.append(letter.subject)
        assert len(letter.body.split("\n\n")[2].split()) > 5  # a sentence
        assert letter.alternatives
    assert subjects[0] != subjects[1]


def test_what_is_mailed_to_a_donor_without_an_account_is_seen_by_nobody_else(
    lucia: Donor, student: User, donor: User, teacher: User, admin: User
) -> None:
    offered(lucia)
    notice = Notice.objects.get()
    assert (notice.recipient, notice.donor, notice.channel) == (None, lucia, "mail")
    assert [person for person in (student, donor, teacher) if access.visible(person, Notice).exists()] == []
    assert access.visible(admin, Notice).get() == notice  # who sees whether mails arrive


def test_with_an_account_the_mail_goes_there(
    lucia: Donor, student: User, admin: User, clock: Clock, told: list[Any]
) -> None:
    donation = offered(lucia)
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
    donation = offered(lucia)
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
    donation = offered(lucia)
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


# ---- the list of what was received ----


def test_the_donor_confirms_when_nothing_is_awaited(lucia: Donor, admin: User) -> None:
    donation = offered(lucia, PC, PC, OLD)
    for name, computers in (("accept", [0, 1]), ("receive", [0])):
        rows = list(donation.computers.all())
        actions.step(computers=[rows[at] for at in computers], name=name, by=admin)
        with pytest.raises(NothingToConfirm):
            actions.confirm(donation=donation, is_right=True)
    actions.step(computers=[donation.computers.all()[1]], name="receive", by=admin)
    actions.confirm(donation=donation, is_right=True)
    donation.refresh_from_db()
    lucia.refresh_from_db()
    assert (donation.confirmed, bool(donation.confirmed_at), bool(lucia.verified_at)) == ("yes", True, True)


def test_what_is_wrong_with_the_list_is_said(lucia: Donor, admin: User) -> None:
    donation = in_state(lucia, "received").donation
    with pytest.raises(BadOffer) as caught:
        actions.confirm(donation=donation, is_right=False)
    assert caught.value.field == "note"
    actions.confirm(donation=donation, is_right=False, note="The mouse.")
    donation.refresh_from_db()
    assert (donation.confirmed, donation.confirm_note) == ("no", "The mouse.")
    actions.confirm(donation=donation, is_right=True, note="left over")
    donation.refresh_from_db()
    assert (donation.confirmed, donation.confirm_note) == ("yes", "")


# ---- the state of a donation ----


@pytest.mark.parametrize(
    ("of_computers", "state"),
    [
        (["offered"], "open"), (["accepted", "in_service"], "open"), (["declined", "offered"], "open"), (["received"], "received"),
        (["wiped", "in_service"], "received"), (["waiting", "declined"], "received"), (["in_service", "retired"], "in_service"),
        (["in_service", "declined"], "in_service"), (["retired"], "done"), (["parts", "lost", "recycled", "declined"], "done"),
        (["declined", "declined"], "declined"),
    ],
)  # fmt: skip
def test_one_word_for_a_donation(lucia: Donor, of_computers: list[str], state: str) -> None:
    donation = offered(lucia, *[PC] * len(of_computers))
    for computer, of_it in zip(donation.computers.all(), of_computers, strict=True):
        reason = "enough" if of_it == "declined" else ""
        Computer.objects.filter(pk=computer.pk).update(state=of_it, reason=reason)
    assert donation_states.state_of(donation.computers.all()) == state
    every = Donation.objects.all()
    found = [word for word in donation_states.DonationState if donation_states.in_states(every, [word]).exists()]
    assert found == [state]


def test_every_state_of_a_computer_counts_for_a_donation() -> None:
    assert {state for theirs in donation_states.OF_COMPUTERS.values() for state in theirs} == set(State)
    assert sum(len(theirs) for theirs in donation_states.OF_COMPUTERS.values()) == len(State)


def test_every_state_can_be_reached_and_has_a_step_to_it() -> None:
    reached = {State.OFFERED} | {state for moves in MOVES.values() for state in moves}
    assert reached == set(State)
    assert {step.to for step in STEPS.values()} == set(State) - {State.OFFERED}
    assert [states.next_step(state) for state in states.WAY] == [*WAY, None]


def test_a_step_of_long_ago_is_not_undone_because_another_is_new(lucia: Donor, admin: User, clock: Clock) -> None:
    donation = offered(lucia, PC, PC)
    first, second = donation.computers.all()
    old = actions.step(computers=[first], name="accept", by=admin)
    clock.pass_minutes(11)
    actions.step(computers=[second], name="accept", by=admin)
    with pytest.raises(NotUndoable, match="for 10 minutes"):
        actions.undo(batch=old, by=admin)
