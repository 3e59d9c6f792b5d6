"""Steps that are taken back."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import AuditRow, Donor, Notice, User
from nodes import actions
from nodes.actions import NotUndoable
from nodes.models import Computer, StateChange
from tests.accounts.test_tokens import in_own_connection
from tests.database_clients import count_of_waiting
from tests.nodes.conftest import Clock
from tests.nodes.donated import OLD, PC, make_computer, offered, states_of, taken
from tests.waiting import PATIENCE, until


def test_a_step_is_taken_back_within_ten_minutes(lucia: Donor, admin: User, clock: Clock) -> None:
    donation = offered(donor=lucia)
    batch = taken(donation, "accept", admin)
    clock.pass_minutes(9.99)
    [computer] = actions.undo(batch=batch, by=admin)
    assert (computer.state, computer.state_since) == ("offered", donation.offered_at)
    newest, undone, _offer = computer.changes.all()
    assert (newest.undoes, newest.to_state, undone.undone_by) == (undone, "offered", newest)
    assert AuditRow.objects.filter(verb="undo_computer_step").count() == 1


def test_after_ten_minutes_it_stays(lucia: Donor, admin: User, clock: Clock) -> None:
    donation = offered(donor=lucia)
    batch = taken(donation, "accept", admin)
    clock.pass_minutes(10)
    with pytest.raises(NotUndoable, match="for 10 minutes"):
        actions.undo(batch=batch, by=admin)
    assert states_of(donation) == ["accepted"]


def test_it_is_taken_back_once(lucia: Donor, admin: User) -> None:
    donation = offered(donor=lucia)
    batch = taken(donation, "accept", admin)
    actions.undo(batch=batch, by=admin)
    with pytest.raises(NotUndoable):
        actions.undo(batch=batch, by=admin)
    assert (states_of(donation), StateChange.objects.count()) == (["offered"], 3)


def test_an_undoing_is_not_undone_and_the_step_is_taken_again(lucia: Donor, admin: User) -> None:
    donation = offered(donor=lucia)
    actions.undo(batch=taken(donation, "accept", admin), by=admin)
    undoing = StateChange.objects.get(undoes__isnull=False).batch
    with pytest.raises(NotUndoable):
        actions.undo(batch=undoing, by=admin)
    taken(donation, "accept", admin)
    assert states_of(donation) == ["accepted"]


@pytest.mark.parametrize("batch", [uuid.UUID(int=1), None])
def test_what_is_no_step_is_not_undone(lucia: Donor, admin: User, batch: uuid.UUID | None) -> None:
    donation = offered(PC, OLD, donor=lucia)
    with pytest.raises(NotUndoable, match="no such step"):
        actions.undo(batch=batch or StateChange.objects.all()[0].batch, by=admin)
    assert states_of(donation) == ["offered", "declined"]


def test_a_batch_of_three_is_taken_back_as_one(lucia: Donor, admin: User) -> None:
    donation = offered(PC, PC, PC, donor=lucia)
    batch = taken(donation, "accept", admin)
    assert states_of(donation) == ["accepted"] * 3
    assert len(actions.undo(batch=batch, by=admin)) == 3
    assert states_of(donation) == ["offered"] * 3


def test_a_batch_of_which_one_went_on_stays(lucia: Donor, admin: User) -> None:
    donation = offered(PC, PC, PC, donor=lucia)
    batch = taken(donation, "accept", admin)
    actions.step(computers=donation.computers.all()[1:2], name="receive", by=admin)
    with pytest.raises(NotUndoable, match="Something happened"):
        actions.undo(batch=batch, by=admin)
    assert states_of(donation) == ["accepted", "received", "accepted"]


def test_only_the_last_step_is_taken_back(lucia: Donor, admin: User) -> None:
    donation = offered(donor=lucia)
    first = taken(donation, "accept", admin)
    second = taken(donation, "receive", admin)
    with pytest.raises(NotUndoable):
        actions.undo(batch=first, by=admin)
    actions.undo(batch=second, by=admin)
    assert states_of(donation) == ["accepted"]


def test_a_step_of_long_ago_is_not_undone_because_another_is_new(lucia: Donor, admin: User, clock: Clock) -> None:
    donation = offered(PC, PC, donor=lucia)
    first, second = donation.computers.all()
    old = actions.step(computers=[first], name="accept", by=admin)
    clock.pass_minutes(11)
    actions.step(computers=[second], name="accept", by=admin)
    with pytest.raises(NotUndoable, match="for 10 minutes"):
        actions.undo(batch=old, by=admin)


@pytest.mark.parametrize("state", ["sending", "delivered"])
def test_what_the_donor_has_been_told_is_not_taken_back(lucia: Donor, admin: User, state: str) -> None:
    """The worker's clock may go before that of the page."""
    donation = offered(donor=lucia)
    batch = taken(donation, "accept", admin)
    facts = {"delivered_at": timezone.now() if state == "delivered" else None}
    Notice.objects.filter(about=f"donation_step:{batch}").update(state=state, **facts)
    with pytest.raises(NotUndoable, match="has been told"):
        actions.undo(batch=batch, by=admin)
    assert states_of(donation) == ["accepted"]


@pytest.mark.django_db(transaction=True)
def test_who_waits_past_the_ten_minutes_is_too_late(lucia: Donor, admin: User, clock: Clock) -> None:
    donation, said = offered(donor=lucia), []
    batch = taken(donation, "accept", admin)
    clock.pass_minutes(9.99)

    def press() -> None:
        with pytest.raises(NotUndoable) as refused:
            actions.undo(batch=batch, by=admin)
        said.append(str(refused.value))

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            Computer.objects.select_for_update().get()
            undoes = pool.submit(in_own_connection, press)
            until(count_of_waiting, "the undo waits for the computer")
            clock.pass_minutes(0.02)
        undoes.result(timeout=PATIENCE)
    assert "for 10 minutes" in said[0]


def test_undoing_a_second_weighing_brings_the_first_back(lucia: Donor, admin: User) -> None:
    computer = make_computer("waiting", donor=lucia, grams=8000)
    batch = actions.step(computers=[computer], name="receive", by=admin, grams=7200)
    computer.refresh_from_db()
    assert computer.grams == 7200
    assert [each.grams for each in actions.undo(batch=batch, by=admin)] == [8000]


def test_a_weight_that_was_corrected_since_outlives_the_undoing(lucia: Donor, admin: User) -> None:
    computer = make_computer("waiting", donor=lucia, grams=8000)
    batch = actions.step(computers=[computer], name="receive", by=admin, grams=7200)
    actions.correct(computer=computer, by=admin, grams=7900)
    assert [each.grams for each in actions.undo(batch=batch, by=admin)] == [7900]
