"""Each row of the table: when it is due, and what takes it back."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from machines.idle.facts import Facts
from machines.idle.stages import coming
from tests.machines.idle.quiet import NOW, due, facts, question, seen

DAY = timedelta(days=1)


def resting(state: str, *, since: float = 1, used: float = 1, **given: Any) -> Facts:
    """`since` and `used` in days before now."""
    row = {"state_since": NOW - since * DAY, "used_at": NOW - used * DAY, **given.pop("machine", {})}
    return facts(state=state, machine=row, **given)


def warned(kind: str, number: int, *, told: datetime | None, asked: datetime | None = None) -> Any:
    """told: when it was delivered; its days count from there."""
    ends = told and told + {1: 7, 2: 1}[number] * DAY
    return (question(kind=kind, number=number, asked=asked or told or NOW - 8 * DAY, ends=ends),)


@pytest.mark.parametrize(("days", "stage"), [(1.9, ""), (2.1, "put away")])
def test_one_asleep_for_two_days_is_put_away(days: float, stage: str) -> None:
    assert due(resting("suspended", since=days)) == stage


@pytest.mark.parametrize("state", ["shelved", "suspended"])
@pytest.mark.parametrize(("days", "stage"), [(22.9, ""), (23.1, "warn of the archive")])
def test_a_week_before_the_archive_its_owner_is_warned(state: str, days: float, stage: str) -> None:
    assert due(resting(state, since=1, used=days)) == stage


def test_the_second_warning_comes_a_day_before() -> None:
    first = warned("archive", 1, told=NOW - 6.1 * DAY)
    assert due(resting("shelved", since=20, used=29.1, questions=first)) == "warn of the archive again"


def test_the_second_warning_waits_until_the_first_was_delivered() -> None:
    assert due(resting("shelved", since=20, used=40, questions=warned("archive", 1, told=None))) == ""


def test_a_late_first_warning_moves_the_day() -> None:
    late = resting("shelved", since=20, used=40, questions=warned("archive", 1, told=NOW - DAY))
    assert (due(late), seen(late).archives_at) == ("", NOW + 6 * DAY)


def test_after_both_warnings_it_is_archived() -> None:
    second = warned("archive", 2, told=NOW - 1.01 * DAY)
    assert due(resting("shelved", since=25, used=30.1, questions=second)) == "archive"


def test_it_is_not_archived_before_the_second_warning_was_delivered() -> None:
    assert due(resting("shelved", since=99, used=99, questions=warned("archive", 2, told=None))) == ""


def test_it_is_not_archived_before_its_day_though_the_warnings_are_through() -> None:
    assert due(resting("shelved", since=20, used=29.5, questions=warned("archive", 2, told=NOW - 1.2 * DAY))) == ""


def foretold(given: Facts, days: float) -> list[str]:
    return [step.stage.name for step in coming(seen(given), NOW + days * DAY)]


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("kind", ["archive", "delete"])
def test_nothing_is_even_foretold_while_a_warning_is_not_delivered(kind: str, number: int) -> None:
    state = {"archive": "shelved", "delete": "archived"}[kind]
    assert foretold(resting(state, since=99, used=199, questions=warned(kind, number, told=None)), 60) == []


def test_one_warning_is_not_two() -> None:
    first = resting("shelved", since=20, used=29, questions=warned("archive", 1, told=NOW - DAY))
    assert foretold(first, 60) == ["warn of the archive again"]


def test_nothing_unwarned_is_ever_archived() -> None:
    assert due(resting("shelved", since=400, used=400)) == "warn of the archive"


@pytest.mark.parametrize("number", [1, 2])
def test_who_keeps_it_takes_the_warning_back(number: int) -> None:
    kept = resting("shelved", since=20, used=0.1, questions=warned("archive", number, told=NOW - 2 * DAY))
    assert due(kept) == "over"


def test_a_machine_that_was_woken_has_no_warning_left() -> None:
    assert due(facts(questions=warned("archive", 1, told=NOW - DAY))) == "over"


@pytest.mark.parametrize(("days", "stage"), [(82.9, ""), (83.1, "warn of the end")])
def test_a_week_before_the_end_its_owner_is_warned(days: float, stage: str) -> None:
    assert due(resting("archived", since=days, used=130)) == stage


def test_a_day_before_the_end_its_owner_is_warned_again() -> None:
    first = warned("delete", 1, told=NOW - 6.1 * DAY)
    assert due(resting("archived", since=89.1, used=130, questions=first)) == "warn of the end again"


def test_after_both_warnings_an_archive_is_deleted() -> None:
    assert due(resting("archived", since=91, used=130, questions=warned("delete", 2, told=NOW - 1.1 * DAY))) == "delete"


def test_an_archive_that_its_owner_keeps_is_kept_as_long_again() -> None:
    assert seen(resting("archived", since=89, used=0)).deletes_at == NOW + 90 * DAY


@pytest.mark.parametrize(("days", "stage"), [(6.9, ""), (7.1, "empty the bin")])
def test_the_bin_is_emptied_after_a_week(days: float, stage: str) -> None:
    assert due(resting("archived", machine={"binned_at": NOW - days * DAY})) == stage


def test_what_is_in_the_bin_is_warned_about_no_more() -> None:
    binned = resting("archived", since=400, used=400, machine={"binned_at": NOW - DAY})
    assert due(binned) == ""


@pytest.mark.parametrize("state", ["suspending", "waking", "building", "failed", "deleting", "gone"])
def test_a_question_ends_with_what_it_was_about(state: str) -> None:
    assert due(facts(state=state, wanted="running", questions=(question(),))) == "over"


@pytest.mark.parametrize("state", ["new", "queued", "building", "waking", "suspending", "shelving", "failed", "gone"])
def test_nothing_is_done_to_a_machine_on_its_way(state: str) -> None:
    assert due(facts(state=state, wanted="running", machine={"used_at": NOW - 400 * DAY})) == ""


def test_one_that_is_to_sleep_already_is_not_asked() -> None:
    assert due(facts(state="running", wanted="suspended")) == ""
