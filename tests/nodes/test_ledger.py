"""The ledger of donations: offers, steps, and the donor's answer about the list of what was received."""

import threading

import pytest
from django.db import connection

from accounts.models import AuditRow, Donor, Notice, User
from nodes import actions, states
from nodes.actions import BadInput, NothingToConfirm, Offered, OutOfOrder
from nodes.models import Computer, Donation, StateChange
from nodes.states import MOVES, STEPS, TOLD, State
from tests.nodes.donated import OLD, PC, make_computer, offered, states_of, taken

# ---- offers ----


def test_an_offer_with_one_too_small_declines_that_one_with_its_reason(lucia: Donor) -> None:
    donation = offered(PC, OLD, Offered(kind="laptop", ram_mb=512), donor=lucia)
    facts = list(donation.computers.values_list("state", "reason"))
    assert facts == [("offered", ""), ("declined", "bits"), ("declined", "memory")]
    changes = StateChange.objects.filter(computer__donation=donation).order_by("pk")
    assert [(change.to_state, change.reason) for change in changes] == [
        ("offered", ""), ("offered", ""), ("declined", "bits"), ("offered", ""), ("declined", "memory"),
    ]  # fmt: skip
    assert {(change.by, change.at) for change in changes} == {(None, donation.offered_at)}


@pytest.mark.parametrize("count", [0, actions.MOST_COMPUTERS + 1])
def test_none_and_too_many_are_no_offer(lucia: Donor, count: int) -> None:
    with pytest.raises(BadInput) as caught:
        actions.offer(donor=lucia, computers=[PC] * count, handover="bring")
    assert (caught.value.field, Donation.objects.count(), Notice.objects.count()) == ("computers", 0, 0)


# ---- steps ----


@pytest.mark.parametrize("state", State.values)
@pytest.mark.parametrize("name", STEPS)
def test_every_step_from_every_state_moves_and_mails_or_is_refused(
    lucia: Donor, admin: User, state: str, name: str
) -> None:
    computer, to = make_computer(state, donor=lucia), STEPS[name].to
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
        assert Notice.objects.count() == (to in TOLD or state == State.LOST)


def test_each_move_is_written_into_the_audit_log(lucia: Donor, admin: User) -> None:
    donation = offered(PC, PC, donor=lucia)
    taken(donation, "accept", admin, note="both")
    rows = AuditRow.objects.filter(kind="computer").values_list("who__username", "verb", "name", "detail")
    assert set(rows.values_list("who__username", "verb")) == {("admin", "accept_computer")}
    assert {row[2] for row in rows} == {computer.number for computer in donation.computers.all()}
    assert [row[3] for row in rows] == [{"note": "both"}] * 2


def test_all_or_none(lucia: Donor, admin: User) -> None:
    donation = offered(PC, PC, donor=lucia)
    actions.step(computers=donation.computers.all()[:1], name="accept", by=admin)
    with pytest.raises(OutOfOrder):
        taken(donation, "receive", admin)
    assert states_of(donation) == ["accepted", "offered"]


def test_a_decline_needs_a_reason_of_the_list(lucia: Donor, admin: User) -> None:
    donation = offered(donor=lucia)
    for reason in ("", "ugly"):
        with pytest.raises(BadInput) as caught:
            taken(donation, "decline", admin, reason=reason)
        assert caught.value.field == "reason"
    taken(donation, "decline", admin, reason="broken")
    assert donation.computers.get().reason == "broken"


def test_one_that_was_declined_is_accepted_later_and_that_is_undone(lucia: Donor, admin: User) -> None:
    donation = offered(OLD, donor=lucia)
    batch = taken(donation, "accept", admin)
    assert (donation.computers.get().state, donation.computers.get().reason) == ("accepted", "")
    actions.undo(batch=batch, by=admin)
    assert (donation.computers.get().state, donation.computers.get().reason) == ("declined", "bits")


def test_the_reason_that_comes_back_is_the_last_one(lucia: Donor, admin: User) -> None:
    donation = offered(OLD, donor=lucia)
    taken(donation, "accept", admin)
    taken(donation, "decline", admin, reason="never_came")
    batch = taken(donation, "accept", admin)
    actions.undo(batch=batch, by=admin)
    assert donation.computers.get().reason == "never_came"


def test_it_is_weighed_when_it_is_received(lucia: Donor, admin: User) -> None:
    donation = offered(donor=lucia)
    taken(donation, "accept", admin, grams=1)
    assert donation.computers.get().grams is None
    taken(donation, "receive", admin, grams=8400)
    taken(donation, "wipe", admin)
    assert donation.computers.get().grams == 8400


def test_parts_go_to_another_computer(lucia: Donor, admin: User) -> None:
    computer, other = make_computer("received", donor=lucia), make_computer("waiting", donor=lucia)
    batch = taken(computer.donation, "use_for_parts", admin, used_for=other)
    assert list(other.parts_of.all()) == [computer]
    actions.undo(batch=batch, by=admin)
    computer.refresh_from_db()
    assert (computer.state, computer.used_for) == ("received", None)


def test_what_was_used_for_parts_keeps_saying_so_when_it_is_recycled(lucia: Donor, admin: User) -> None:
    computer, other = make_computer("received", donor=lucia), make_computer("waiting", donor=lucia)
    taken(computer.donation, "use_for_parts", admin, used_for=other)
    batch = taken(computer.donation, "recycle", admin)
    actions.undo(batch=batch, by=admin)
    computer.refresh_from_db()
    assert (computer.state, computer.used_for) == ("parts", other)


def test_it_is_not_used_for_parts_of_itself(lucia: Donor, admin: User) -> None:
    computer = make_computer("received", donor=lucia)
    with pytest.raises(BadInput) as caught:
        taken(computer.donation, "use_for_parts", admin, used_for=computer)
    assert caught.value.field == "used_for"


@pytest.mark.parametrize("state", sorted(set(State) - states.HERE))
def test_what_is_not_here_or_in_pieces_gets_no_parts(lucia: Donor, admin: User, state: State) -> None:
    computer, other = make_computer("received", donor=lucia), make_computer(state, donor=lucia)
    with pytest.raises(BadInput, match="cannot get parts") as caught:
        taken(computer.donation, "use_for_parts", admin, used_for=other)
    assert caught.value.field == "used_for"


@pytest.mark.django_db(transaction=True)
def test_two_are_not_used_for_each_other_at_once(lucia: Donor, admin: User) -> None:
    one, two = make_computer("received", donor=lucia), make_computer("received", donor=lucia)
    start, told = threading.Barrier(2), []

    def press(computer: Computer, other: Computer) -> None:
        start.wait()
        try:
            taken(computer.donation, "use_for_parts", admin, used_for=other)
        except BadInput as refusal:
            told.append(refusal.field)
        connection.close()

    threads = [threading.Thread(target=press, args=pair) for pair in ((one, two), (two, one))]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert (told, Computer.objects.filter(state="parts").count()) == (["used_for"], 1)


def test_there_is_no_such_step(lucia: Donor, admin: User) -> None:
    with pytest.raises(LookupError):
        taken(offered(donor=lucia), "melt", admin)


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_at_once_the_second_is_told(lucia: Donor, admin: User, teacher: User) -> None:
    donation, outcomes, start = offered(donor=lucia), [], threading.Barrier(2)

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


# ---- the list of what was received ----


def test_the_donor_confirms_when_nothing_is_awaited(lucia: Donor, admin: User) -> None:
    donation = offered(PC, PC, OLD, donor=lucia)
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
    donation = make_computer("received", donor=lucia).donation
    with pytest.raises(BadInput) as caught:
        actions.confirm(donation=donation, is_right=False)
    assert caught.value.field == "note"
    actions.confirm(donation=donation, is_right=False, note="The mouse.")
    donation.refresh_from_db()
    assert (donation.confirmed, donation.confirm_note) == ("no", "The mouse.")
    actions.confirm(donation=donation, is_right=True, note="left over")
    donation.refresh_from_db()
    assert (donation.confirmed, donation.confirm_note) == ("yes", "")


def test_another_list_is_confirmed_anew(lucia: Donor, admin: User) -> None:
    donation = offered(PC, OLD, donor=lucia)
    first, second = donation.computers.all()
    for name in ("accept", "receive"):
        batch = actions.step(computers=[first], name=name, by=admin)
    actions.confirm(donation=donation, is_right=True)
    actions.undo(batch=batch, by=admin)
    donation.refresh_from_db()
    assert (donation.confirmed, donation.confirmed_at) == ("", None)
    actions.step(computers=[first], name="receive", by=admin)
    actions.confirm(donation=donation, is_right=False, note="The other one, too.")
    actions.step(computers=[second], name="accept", by=admin)
    donation.refresh_from_db()
    assert donation.confirmed == "no"
    actions.step(computers=[second], name="receive", by=admin)
    donation.refresh_from_db()
    assert (donation.confirmed, donation.confirm_note) == ("", "")
