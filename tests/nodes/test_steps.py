"""Steps of computers: in any order that the table allows, taken back or not, by two at once."""

import random
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditRow, Notice, User
from nodes import actions, fact_bounds, states
from nodes.models import Computer, StateChange
from nodes.states import Reason, State
from tests.nodes.donated import make_computer, offered

MANY = 25  # random lives


def what_its_changes_say(computer: Computer) -> dict[str, Any]:
    """Compute a computer's row from its changes alone: those that were taken back count for nothing."""
    state, reason = "", ""
    for change in computer.changes.filter(undoes=None, undone_by=None).order_by("pk"):
        assert change.from_state == state
        state, reason = change.to_state, change.reason
    return {"state": state, "reason": reason}


@pytest.mark.parametrize("seed", range(MANY))
def test_a_row_is_what_its_changes_say_after_any_steps_and_undos(seed: int, admin: User) -> None:
    dice = random.Random(seed)
    computer, other = make_computer(), make_computer("waiting")
    batches = []
    for _turn in range(12):
        if batches and dice.random() < 0.35:
            actions.undo(batch=batches.pop(), by=admin)
        elif offered := states.steps_from(computer.state):
            name = dice.choice(offered)
            facts = {"decline": {"reason": dice.choice(Reason.values)}, "use_for_parts": {"used_for": other}}
            grams = 8400 if name == "receive" else None
            step = {"computers": [computer], "name": name, "from_state": computer.state, "grams": grams}
            batches = [actions.step(**step, by=admin, **facts.get(name, {}))]  # only the last can be taken back
        computer.refresh_from_db()
        assert {"state": computer.state, "reason": computer.reason} == what_its_changes_say(computer)
        assert computer.state_since == computer.changes.filter(undoes=None, undone_by=None).latest("pk").at
        assert (computer.used_for is not None) == (computer.state == "parts" or was_parts(computer))
        assert computer.grams is None or computer.state not in ("offered", "accepted", "declined")


def was_parts(computer: Computer) -> bool:
    standing = computer.changes.filter(undoes=None, undone_by=None)
    return computer.state == "recycled" and standing.filter(to_state="parts").exists()


def test_a_step_from_another_state_than_the_page_showed_is_refused(admin: User) -> None:
    """A second press of an old page would else be the next step."""
    computer = make_computer("waiting")
    actions.step(computers=[computer], name="receive", by=admin, from_state="waiting")
    with pytest.raises(actions.OutOfOrder) as refused:
        actions.step(computers=[computer], name="wipe", by=admin, from_state="waiting")
    assert f"{computer.number} is “Received” by now: {admin.short_name} recorded it" in str(refused.value)
    computer.refresh_from_db()
    assert computer.state == "received"


def test_all_or_none(admin: User) -> None:
    one, two = offered("one", "two").computers.order_by("pk")
    actions.step(computers=[two], name="accept", by=admin)
    with pytest.raises(actions.OutOfOrder):
        actions.step(computers=[one, two], name="accept", by=admin, from_state="offered")
    one.refresh_from_db()
    assert one.state == "offered"


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_wins_and_one_is_told() -> None:
    people = [User.objects.create(username=name, roles=["admin"]) for name in ("lukasz", "gabriela")]
    computer = make_computer("accepted")
    start, said = threading.Barrier(2), []

    def press(person: User) -> None:
        start.wait()
        try:
            actions.step(computers=[computer], name="receive", by=person, from_state="accepted")
        except actions.OutOfOrder as refusal:
            said.append(str(refusal))
        connection.close()

    threads = [threading.Thread(target=press, args=[person]) for person in people]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    [change] = StateChange.objects.filter(to_state="received").select_related("by")
    assert change.by is not None
    [sentence] = said
    assert f"{change.by.short_name} recorded it" in sentence


def test_an_undo_takes_the_weight_along(admin: User) -> None:
    computer = make_computer("accepted")
    batch = actions.step(computers=[computer], name="receive", by=admin, grams=8400)
    computer.refresh_from_db()
    assert computer.grams == 8400
    actions.undo(batch=batch, by=admin)
    computer.refresh_from_db()
    assert (computer.state, computer.grams) == ("accepted", None)


def test_after_ten_minutes_it_stays(admin: User) -> None:
    computer = make_computer("accepted")
    batch = actions.step(computers=[computer], name="receive", by=admin)
    StateChange.objects.filter(batch=batch).update(at=timezone.now() - timedelta(minutes=10, seconds=1))
    with pytest.raises(actions.NotUndoable):
        actions.undo(batch=batch, by=admin)


def mails() -> "list[str]":
    return list(Notice.objects.filter(kind="donation.step", state=Notice.State.DUE).values_list("about", flat=True))


def test_the_donor_is_told_once_of_what_matters(admin: User) -> None:
    computer = make_computer("received")
    batch = actions.step(computers=[computer], name="wipe", by=admin)
    assert mails() == [f"donation_step:{batch}"]
    actions.undo(batch=batch, by=admin)
    assert mails() == []
    actions.step(computers=[computer], name="wait_for_parts", by=admin)
    actions.step(computers=[computer], name="receive", by=admin)  # it is again where it was
    assert mails() == []


# ---- facts ----


def test_what_is_corrected_is_recorded(admin: User) -> None:
    computer = make_computer()
    actions.correct(computer=computer, by=admin, model="HP 6000", ram_mb=4096, year=2009)
    [row] = AuditRow.objects.filter(verb="correct_computer")
    assert (row.name, row.detail) == (computer.number, {"fields": ["model", "year"]})
    actions.correct(computer=computer, by=admin, model="HP 6000")
    assert AuditRow.objects.filter(verb="correct_computer").count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("ram_mb", 0), ("grams", 99), ("grams", 500_001), ("year", 1979), ("year", 2100), ("bits", 16), ("model", "x" * 101)],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(field: str, value: Any, admin: User) -> None:
    computer = make_computer()
    with pytest.raises(actions.BadInput) as refused:
        actions.correct(computer=computer, by=admin, **{"kind": "laptop", field: value})
    assert refused.value.field == field
    computer.refresh_from_db()
    assert computer.kind == "desktop"


def test_the_bounds_are_those_of_the_columns() -> None:
    for field, most in fact_bounds.WORDS.items():
        assert Computer._meta.get_field(field).max_length == most


def test_every_step_has_a_state_from_which_it_leads(db: None) -> None:
    reached = {name for state in State for name in states.steps_from(state)}
    assert reached == set(states.STEPS)
