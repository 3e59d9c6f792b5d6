"""Terminals of the portal in the forecast: use, silence, and a live process of which nothing is heard."""

import random
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from machines.idle import delivery
from machines.idle.forecast import TERMINALS_LATE, if_closed
from machines.idle.wording import condition_words, sentence, shown
from machines.models import Activity
from tests.machines.idle.asked import asked, visited
from tests.machines.idle.quiet import NOW, due, facts, minutes, question, seen

SECOND = timedelta(seconds=1)
LATE = NOW - TERMINALS_LATE - SECOND
SHORTLY = NOW - TERMINALS_LATE


def terminals(count: int, heard: Any = NOW, used: Any = None) -> dict[str, Any]:
    return {"console_open": count, "console_heard_at": heard, "console_at": used}


# Terminals, last report, last use -> what the signal says, and what is due: without a question, and with one whose time is over.
GRID = [
    (0, None, None, "quiet", "ask", "sleep"),
    (0, LATE, None, "quiet", "ask", "sleep"),  # closed before its live process went away
    (0, LATE, NOW - minutes(46), "quiet", "ask", "sleep"),
    (0, NOW, NOW - minutes(1), "work", "", "came back"),
    (1, NOW, None, "quiet", "ask", "sleep"),  # open but silent
    (1, SHORTLY, NOW - minutes(46), "quiet", "ask", "sleep"),
    (1, NOW, NOW - minutes(44), "quiet", "", "sleep"),
    (1, NOW, NOW - minutes(10), "quiet", "", "came back"),
    (2, NOW, NOW, "work", "", "came back"),
    (1, LATE, None, "unknown", "", ""),
    (1, LATE, NOW - minutes(46), "unknown", "", ""),
    (3, None, None, "unknown", "", ""),
]


@pytest.mark.parametrize(("count", "heard", "used", "condition", "unasked", "overdue"), GRID)
def test_the_grid(count: int, heard: Any, used: Any, condition: str, unasked: str, overdue: str) -> None:
    activity = terminals(count, heard, used)
    signal = seen(facts(activity=activity)).signals[2]
    assert (signal.name, signal.condition) == ("console", condition)
    assert due(facts(activity=activity)) == unasked
    assert due(facts(activity=activity, questions=(question(),))) == overdue


def any_activity(dice: random.Random) -> dict[str, Any]:
    """Return one of all the ways in which a machine's terminals may have been heard of, and its ports."""
    at = [None, NOW, *(NOW - minutes(dice.uniform(0, 100)) for _ in range(4))]
    told = terminals(dice.choice([0, 0, 1, 5]), dice.choice(at), dice.choice(at))
    return {**told, "ports_at": dice.choice(at), "since": NOW - minutes(dice.uniform(0, 200))}


@pytest.mark.parametrize("seed", range(40))
def test_nothing_happens_to_a_machine_whose_open_terminal_is_not_heard(seed: int) -> None:
    dice = random.Random(seed)
    activity = {**any_activity(dice), "console_open": 1, "console_heard_at": LATE - minutes(dice.uniform(0, 900))}
    some = dice.choice([(), (question(),), (question(ends=NOW + minutes(1)),)])
    assert due(facts(activity=activity, questions=some)) in ("", "came back")


@pytest.mark.parametrize("seed", range(40))
def test_more_use_never_brings_the_question_forward(seed: int) -> None:
    dice = random.Random(seed)
    activity = any_activity(dice)
    used = activity["console_at"] or NOW - minutes(300)
    more = {**activity, "console_at": used + dice.random() * (NOW - used)}
    before, after = seen(facts(activity=activity)), seen(facts(activity=more))
    assert before.asked_at is not None
    assert after.asked_at is not None
    assert after.asked_at >= before.asked_at


@pytest.mark.parametrize("seed", range(40))
def test_a_silent_terminal_that_is_heard_changes_no_date(seed: int) -> None:
    activity = any_activity(random.Random(seed))
    opened = seen(facts(activity={**activity, "console_open": 1, "console_heard_at": NOW}))
    closed = seen(facts(activity={**activity, "console_open": 0}))
    assert (opened.asked_at, opened.sleeps_at) == (closed.asked_at, closed.sleeps_at)


def test_a_terminal_in_the_portal_is_a_visit() -> None:
    given = facts(activity={"since": NOW - minutes(21), "connected_at": None, **terminals(0, NOW, NOW - minutes(20))})
    assert (due(given), seen(given).asked_at) == ("", NOW + minutes(25))


def test_the_line_that_we_wrote_into_it_is_no_use() -> None:
    wrote = NOW - minutes(19)
    given = facts(activity=terminals(1, NOW, wrote + 9 * SECOND), questions=(question(),), wrote_at=wrote)
    assert due(given) == "sleep"


def test_who_types_after_that_line_is_using_it() -> None:
    wrote = NOW - minutes(19)
    given = facts(activity=terminals(1, NOW, wrote + 11 * SECOND), questions=(question(),), wrote_at=wrote)
    assert due(given) == "came back"


def test_closing_everything_ends_what_is_unknown_about_terminals() -> None:
    assert if_closed(facts(activity=terminals(1, LATE)), NOW).unknown == []


@pytest.mark.parametrize(
    ("activity", "words"),
    [
        (terminals(1, LATE, None), "unknown: nothing was heard for 1 min"),
        (terminals(1, NOW, NOW - minutes(40)), "one open, silent for 40 min"),
        (terminals(1, NOW), "one open, silent for 2 h"),
        (terminals(2, NOW, NOW), "2 open, at work just now"),
        (terminals(0, LATE, NOW - minutes(40)), "none open, the last one 40 min ago"),
    ],
)
def test_the_panel_says_what_was_heard(activity: dict[str, Any], words: str) -> None:
    outlook = seen(facts(activity=activity))
    assert {s.name: condition_words(s, outlook) for s in shown(outlook)}["console"] == words


def test_what_is_unknown_keeps_it_on_in_a_sentence() -> None:
    assert sentence(seen(facts(activity=terminals(1, LATE)))).startswith("It stays awake: nobody can tell just now")


def test_nothing_is_said_of_terminals_where_there_were_none() -> None:
    assert "console" not in [signal.name for signal in shown(seen(facts(activity=terminals(0, LATE))))]


@pytest.mark.parametrize(("count", "is_in"), [(0, False), (1, True)])
def test_a_line_is_written_where_only_a_terminal_of_the_portal_is_open(
    student: User, monkeypatch: pytest.MonkeyPatch, count: int, is_in: bool
) -> None:
    ask = asked(visited(student))
    Activity.objects.update(console_open=count)
    monkeypatch.setattr("machines.terminal_lines.has_key", lambda: True)
    way = delivery._ways([ask])[ask.pk]
    assert (way != "Nobody is connected.") == is_in
