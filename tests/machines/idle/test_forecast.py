"""Reasons to stay awake, unknown signals, and when what happens: in memory, with one `now`."""

from datetime import timedelta

import pytest

from courses.policy import IdlePolicy
from machines.idle.forecast import if_closed
from tests.machines.idle.quiet import NOW, due, facts, hold, lesson, minutes, question, seen

SIGNALS = ["ports_at", "console_at", "cpu_at", "disk_at", "nic_at", "since"]


def test_a_quiet_machine_is_asked_about() -> None:
    assert due(facts()) == "ask"


@pytest.mark.parametrize("signal", SIGNALS)
def test_each_signal_alone_keeps_it_awake(signal: str) -> None:
    assert due(facts(activity={signal: NOW - minutes(10), "connected_at": NOW - minutes(10)})) == ""


@pytest.mark.parametrize("signal", SIGNALS)
def test_each_signal_alone_keeps_it_awake_no_longer_than_the_policy_says(signal: str) -> None:
    assert due(facts(activity={signal: NOW - minutes(46), "connected_at": NOW - minutes(46)})) == "ask"


def test_a_hold_keeps_it_awake() -> None:
    assert due(facts(hold=hold(NOW + minutes(1)))) == ""


def test_a_class_in_session_keeps_it_awake() -> None:
    assert due(facts(lesson=lesson(NOW + minutes(1)))) == ""


@pytest.mark.parametrize("kind", ["hold", "lesson"])
def test_its_time_begins_when_the_hold_or_the_lesson_ends(kind: str) -> None:
    given = facts(**{kind: {"hold": hold, "lesson": lesson}[kind](NOW - minutes(10))})
    assert seen(given).asked_at == NOW + minutes(35)


@pytest.mark.parametrize(
    "activity",
    [
        {"ports_heard_at": None},
        {"ports_heard_at": NOW - minutes(4)},
        {"load_heard_at": None},
        {"load_heard_at": NOW - minutes(6)},
        {"cpu_percent": None, "disk_rate": None, "nic_rate": None},
    ],
    ids=["agent never heard", "agent silent", "host never heard", "host silent", "cloud tells nothing"],
)
@pytest.mark.parametrize("asked", [False, True])
def test_what_is_unknown_is_never_taken_for_idle(activity: dict[str, object], asked: bool) -> None:
    given = facts(activity=activity, questions=(question(),) if asked else ())
    assert (due(given), bool(seen(given).unknown)) == ("", True)


def test_a_machine_without_any_word_yet_is_left_alone() -> None:
    given = facts()
    del given.machine._state.fields_cache["activity"]
    given.machine._state.fields_cache["activity"] = None
    assert due(given) == ""


def test_a_cloud_that_tells_only_some_measures_is_believed() -> None:
    assert due(facts(activity={"nic_bytes": None, "nic_rate": None})) == "ask"


def test_an_open_but_silent_session_is_asked_about_and_not_cut() -> None:
    assert due(facts(activity={"connections": 1, "connected_at": NOW})) == "ask"


def test_a_computation_without_any_connection_goes_on() -> None:
    given = facts(activity={"cpu_at": NOW, "cpu_percent": 97.0}, questions=())
    assert (due(given), seen(given).at_work[0].name) == ("", "cpu")


def test_nobody_came_in_since_it_started_so_less_time_is_given() -> None:
    given = facts(activity={"since": NOW - minutes(21), "connected_at": NOW - minutes(90)})
    assert due(given) == "first ask"


def test_a_visit_gives_it_the_longer_time() -> None:
    given = facts(activity={"since": NOW - minutes(21), "connected_at": NOW - minutes(20)})
    assert (due(given), seen(given).asked_at) == ("", NOW + minutes(24))


def test_work_from_before_it_last_started_counts_no_more() -> None:
    given = facts(
        activity={"since": NOW - minutes(50), "ports_at": NOW - minutes(70), "connected_at": NOW - minutes(46)}
    )
    ports = next(signal for signal in seen(given).signals if signal.name == "ports")
    assert (seen(given).quiet_since, ports.at) == (NOW - minutes(50), None)


def test_silence_puts_it_to_sleep() -> None:
    assert due(facts(questions=(question(),))) == "sleep"


def test_it_does_not_sleep_before_the_time_for_an_answer_is_over() -> None:
    assert due(facts(questions=(question(ends=NOW + minutes(1)),))) == ""


def test_nothing_follows_while_nobody_could_be_told() -> None:
    assert due(facts(questions=(question(ends=None),))) == ""


def test_after_half_a_day_it_sleeps_though_nobody_could_be_told() -> None:
    long_ago = NOW - timedelta(hours=12)
    given = facts(
        activity={"since": NOW - timedelta(hours=14), "connected_at": None},
        questions=(question(asked=long_ago, ends=None),),
    )
    assert due(given) == "sleep"


@pytest.mark.parametrize("signal", [s for s in SIGNALS if s != "since"])
def test_each_signal_takes_the_question_back(signal: str) -> None:
    assert due(facts(activity={signal: NOW - minutes(1)}, questions=(question(),))) == "came back"


@pytest.mark.parametrize("kind", ["hold", "lesson"])
def test_a_hold_and_a_lesson_take_the_question_back(kind: str) -> None:
    given = facts(questions=(question(),), **{kind: {"hold": hold, "lesson": lesson}[kind](NOW + minutes(9))})
    assert due(given) == "came back"


def test_the_line_that_we_wrote_into_its_terminals_is_not_its_own_work() -> None:
    wrote = NOW - minutes(19)
    given = facts(activity={"ports_at": wrote + minutes(0.1)}, questions=(question(),), wrote_at=wrote)
    assert due(given) == "sleep"


def test_who_types_after_that_line_is_heard() -> None:
    wrote = NOW - minutes(19)
    given = facts(activity={"ports_at": wrote + minutes(0.5)}, questions=(question(),), wrote_at=wrote)
    assert due(given) == "came back"


def test_every_date_is_there_from_the_first_day() -> None:
    dates = seen(facts(activity={"since": NOW}))
    assert None not in (dates.asked_at, dates.sleeps_at, dates.shelves_at, dates.archives_at, dates.deletes_at)


def test_closing_everything_starts_the_time_for_a_session_at_work() -> None:
    given = facts(activity={"ports_at": NOW, "connections": 1})
    assert if_closed(given, NOW).asked_at == NOW + minutes(45)


def test_closing_a_session_that_was_silent_changes_nothing() -> None:
    given = facts(activity={"ports_at": NOW - minutes(40), "connections": 1})
    assert if_closed(given, NOW).asked_at == NOW + minutes(5)


def test_closing_everything_does_not_stop_a_computation() -> None:
    given = facts(activity={"cpu_at": NOW, "cpu_percent": 99.0, "connections": 1})
    assert [signal.name for signal in if_closed(given, NOW).at_work] == ["cpu"]


def test_to_ask_what_would_be_changes_no_fact() -> None:
    given = facts(activity={"ports_at": NOW, "connections": 1})
    if_closed(given, NOW)
    assert (given.activity and given.activity.connections) == 1


@pytest.mark.parametrize(("minutes_given", "stage"), [(121, ""), (119, "ask")])
def test_a_policy_of_its_own_decides(minutes_given: float, stage: str) -> None:
    given = facts(policy=IdlePolicy(idle_minutes=minutes_given))
    assert due(given) == stage
