"""Nothing is archived or deleted in the time after a subscription; then all goes on, with warnings of its own."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from accounts.models import User
from machines.ended_subscriptions import Ended
from machines.idle import enforce, wording
from machines.idle.facts import Facts, of
from machines.models import Machine, Question
from tests.machines.idle.quiet import NOW, due, facts, question, row, seen
from tests.machines.lapsed import ended

if TYPE_CHECKING:
    from tests.machines.world import Clock

DAY = timedelta(days=1)
GRACE = 30


def resting(state: str, *, over: float, unused: float = 99, **given: Any) -> Facts:
    """`over`: days since the subscription ended. unused: days."""
    times = {"state_since": NOW - unused * DAY, "used_at": NOW - unused * DAY, **given.pop("machine", {})}
    return facts(state=state, machine=times, ended=Ended(NOW - over * DAY), **given)


@pytest.mark.parametrize("state", ["shelved", "archived"])
@pytest.mark.parametrize(("over", "is_warned"), [(1, False), (29.9, False), (30.1, True)])
def test_no_warning_before_that_time_is_over(state: str, over: float, is_warned: bool) -> None:
    assert bool(due(resting(state, over=over))) is is_warned


@pytest.mark.parametrize(("state", "day"), [("shelved", "archives_at"), ("archived", "deletes_at")])
def test_the_forecast_says_the_day_a_week_after(state: str, day: str) -> None:
    at = getattr(seen(resting(state, over=10)), day)
    assert at == NOW + (GRACE - 10 + 7) * DAY


def test_the_day_of_a_machine_that_runs_waits_as_well() -> None:
    outlook = seen(facts(ended=Ended(NOW), machine={"used_at": NOW - 40 * DAY}))
    assert outlook.archives_at is not None
    assert outlook.archives_at >= NOW + (GRACE + 7) * DAY


@pytest.mark.parametrize(
    ("number", "kind", "state"), [(1, "archive", "shelved"), (2, "archive", "shelved"), (2, "delete", "archived")]
)
def test_a_warning_from_before_the_end_is_taken_back(number: int, kind: str, state: str) -> None:
    asked = (question(kind=kind, number=number, asked=NOW - 8 * DAY, ends=NOW - DAY),)
    assert due(resting(state, over=2, questions=asked)) == "over"


def test_the_bin_keeps_what_is_in_it() -> None:
    binned = {"binned_at": NOW - 60 * DAY}
    assert due(resting("archived", over=10, machine=binned)) == ""
    assert due(resting("archived", over=31, machine=binned)) == "empty the bin"


def test_one_that_sleeps_is_still_put_away() -> None:
    assert due(resting("suspended", over=3, unused=3)) == "put away"


def test_the_panel_says_until_when_nothing_is_deleted() -> None:
    outlook = seen(resting("shelved", over=10))
    assert wording.sentence(outlook).endswith(
        "Your subscription has ended: nothing of yours is archived or deleted before 22\u00a0Mar\u00a02026, 10:00."
    )
    assert "of Ana has ended: nothing of theirs" in wording.sentence(outlook, "Ana")


def test_nobody_is_told_off_for_not_waking_it() -> None:
    said = wording.sentence(seen(resting("suspended", over=1, unused=1)))
    assert ("Nobody has woken it" in said, said.startswith("On 3")) == (False, True)


def test_it_says_no_more_once_that_time_is_over() -> None:
    assert "subscription" not in wording.sentence(seen(resting("shelved", over=40, unused=1)))


def test_rows_know_of_the_end(clock: "Clock", student: User, student2: User) -> None:
    mine, others = row(student, clock.now, state="shelved"), row(student2, clock.now, state="shelved")
    end = ended(student).ends_at
    assert end is not None
    assert (of(mine).ended, of(others).ended) == (Ended(end), None)


def swept(clock: "Clock", days: int) -> list[tuple[int, str]]:
    """Sweep once a day, with every warning delivered on its day."""
    done: list[tuple[int, str]] = []
    for number in range(1, days + 1):
        clock.move(DAY.total_seconds())
        done += [(number, step.stage.name) for step in enforce.tick(clock.now)]
        _deliver(clock.now)
    return done


def _deliver(now: datetime) -> None:
    Question.objects.open().filter(ends_at=None, number=1).update(ends_at=now + 7 * DAY)
    Question.objects.open().filter(ends_at=None, number=2).update(ends_at=now + DAY)


def test_a_machine_is_archived_a_week_after_that_time_and_not_before(clock: "Clock", student: User) -> None:
    machine = row(student, clock.now, state="shelved")
    Machine.objects.filter(pk=machine.pk).update(used_at=clock.now - 25 * DAY)
    ended(student)
    found = swept(clock, 40)
    assert [name for _day, name in found] == ["warn of the archive", "warn of the archive again", "archive"]
    assert [day for day, _name in found] == [29, 35, 36]
