"""Deeds that come to machines in the next 7 days if nobody uses them."""

from datetime import timedelta
from typing import Any

import pytest

from courses.policy import IdlePolicy
from machines.idle.coming_deeds import SPAN, ComingDeed, Deed, coming_deeds
from machines.models import Question
from tests.machines.idle.quiet import LONG_AGO, NOW, facts, hold, minutes, question, seen

DAY = timedelta(days=1)
POLICY = IdlePolicy()


def coming(**given: Any) -> list[ComingDeed]:
    return coming_deeds([seen(facts(**given))], NOW)


def deeds(**given: Any) -> list[Deed]:
    return [each.deed for each in coming(**given)]


def test_one_that_runs_sleeps_and_is_put_away() -> None:
    assert deeds() == [Deed.SLEEP, Deed.PUT_AWAY]


def test_the_times_are_those_of_the_outlook() -> None:
    outlook = seen(facts())
    assert [each.at for each in coming()] == [outlook.sleeps_at, outlook.shelves_at]


def test_of_one_of_which_nothing_is_heard_nothing_is_told() -> None:
    assert deeds(activity={"load_heard_at": None}) == []


def test_one_that_is_kept_awake_sleeps_later() -> None:
    assert coming(hold=hold(NOW + 2 * DAY))[0].at > NOW + 2 * DAY
    assert deeds(hold=hold(NOW + 8 * DAY)) == []


def test_a_sleeper_is_put_away_and_one_put_away_is_archived() -> None:
    unused = {"used_at": NOW - POLICY.archive_days * DAY}
    assert deeds(state="suspended") == [Deed.PUT_AWAY]
    assert deeds(state="shelved") == []
    assert deeds(state="shelved", machine=unused) == [Deed.ARCHIVE]


def test_an_archive_comes_no_sooner_than_its_warning_allows() -> None:
    [each] = coming(state="shelved", machine={"used_at": NOW - 2 * POLICY.archive_days * DAY})
    assert each.at == NOW + SPAN  # warned now


def test_one_that_is_archived_is_deleted() -> None:
    old = {"used_at": NOW - POLICY.delete_days * DAY, "state_since": NOW - POLICY.delete_days * DAY}
    warned = question(asked=NOW - 6 * DAY, ends=NOW + DAY, kind=Question.Kind.DELETE, number=2)
    assert [(each.deed, each.at) for each in coming(state="archived", machine=old, questions=(warned,))] == [
        (Deed.DELETE, NOW + DAY)
    ]


def test_the_recycle_bin_is_emptied() -> None:
    binned = {"binned_at": NOW - POLICY.bin_days * DAY + minutes(5)}
    assert [(each.deed, each.at) for each in coming(state="archived", wanted="archived", machine=binned)] == [
        (Deed.DELETE, NOW + minutes(5))
    ]


def test_what_is_due_already_comes_now() -> None:
    asked = question(asked=NOW - LONG_AGO, ends=NOW - minutes(5))
    assert coming(questions=(asked,))[0].at == NOW


@pytest.mark.parametrize("state", ["building", "failed", "waking", "queued"])
def test_of_one_on_its_way_nothing_is_told(state: str) -> None:
    assert deeds(state=state, wanted="running") == []


def test_the_soonest_comes_first() -> None:
    found = coming_deeds([seen(facts(state="suspended")), seen(facts())], NOW)
    assert [each.at for each in found] == sorted(each.at for each in found)
