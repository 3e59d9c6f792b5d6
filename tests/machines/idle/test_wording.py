"""The panel's words for what the outlook knows."""

import pytest
from django.utils import translation

from machines.idle import wording
from machines.idle.facts import Facts
from machines.idle.forecast import if_closed
from tests.machines.idle.quiet import NOW, facts, hold, lesson, minutes, question, seen

UNHEARD = {"load_heard_at": None, "ports_heard_at": None, "connected_at": None, "since": NOW - minutes(1)}


def lines(given: Facts) -> dict[str, str]:
    outlook = seen(given)
    return {signal.name: wording.condition_words(signal, outlook) for signal in wording.shown(outlook)}


def test_an_open_and_silent_session_is_told_so() -> None:
    given = facts(activity={"connections": 1, "ports_at": NOW - minutes(40)})
    assert lines(given)["ports"] == "one open, silent for 40 min"


def test_none_open() -> None:
    assert lines(facts())["ports"] == "none open, the last one 2 h ago"


def test_nobody_has_come_in_yet() -> None:
    assert lines(facts(activity={"connected_at": None}))["ports"] == "none since it was started"


def test_one_word_is_no_measure_yet() -> None:
    given = facts(activity={"cpu_percent": None, "disk_rate": None, "nic_rate": None})
    assert lines(given)["cpu"] == "unknown: it is being measured"


def test_a_machine_that_has_just_started_is_not_called_in_use() -> None:
    given = facts(activity={"since": NOW, "connected_at": None})
    assert wording.sentence(seen(given)).startswith("If nothing happens in it, you are asked at 10:20")


def test_two_at_work() -> None:
    assert lines(facts(activity={"connections": 2, "ports_at": NOW}))["ports"] == "2 open, at work just now"


def test_a_processor_at_work() -> None:
    assert lines(facts(activity={"cpu_at": NOW, "cpu_percent": 97.2}))["cpu"] == "97\u00a0%, at work just now"


def test_unknown_is_told_as_unknown() -> None:
    given = facts(activity={"load_heard_at": NOW - minutes(12)})
    assert lines(given)["cpu"] == "unknown: nothing was heard for 12 min"


def test_nothing_is_said_of_what_this_cloud_never_tells() -> None:
    assert "nic" not in lines(facts(activity={"nic_bytes": None, "nic_rate": None}))


def test_no_hold_and_no_class_are_not_mentioned() -> None:
    assert {"hold", "lesson", "console"}.isdisjoint(lines(facts()))


def test_a_class_in_session_is_told() -> None:
    given = facts(lesson=lesson(NOW + minutes(30)))
    assert (lines(given)["lesson"], "A class is in session" in wording.sentence(seen(given))) == (
        "until 10:30",
        True,
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (facts(activity={"ports_at": NOW - minutes(10)}), "you are asked at 10:35; without an answer it goes to sleep at 10:50"),
        (facts(activity={"ports_at": NOW}), "It is in use, so it stays awake. Once everything has been quiet for 45 min"),
        (facts(activity={"load_heard_at": None}), "nobody can tell just now"),
        (facts(activity=UNHEARD), "It was started at 09:59, and nothing was heard of it yet. It is left alone until 10:19."),
        (facts(hold=hold(NOW + minutes(60))), "Somebody keeps it awake until 11:00"),
        (facts(questions=(question(ends=NOW + minutes(9)),)), "Without an answer it goes to sleep at 10:09"),
        (facts(questions=(question(ends=None),)), "was not reached yet"),
    ],
    ids=["quiet", "in use", "unknown", "just started", "held", "asked", "not told"],
)  # fmt: skip
def test_one_sentence_says_what_happens_next(given: Facts, said: str) -> None:
    assert said in wording.sentence(seen(given))


@pytest.mark.parametrize(
    ("state", "said"),
    [("suspended", "is put away"), ("shelved", "is archived on"), ("archived", "It is deleted on")],
)
def test_a_machine_that_rests_says_what_becomes_of_it(state: str, said: str) -> None:
    assert said in wording.sentence(seen(facts(state=state)))


def test_a_machine_on_its_way_says_nothing_of_later() -> None:
    assert wording.sentence(seen(facts(state="building", wanted="running"))) == ""


def test_what_if_i_close_everything_now() -> None:
    given = facts(activity={"ports_at": NOW, "connections": 3})
    assert wording.if_closed(if_closed(given, NOW)).startswith("You are asked at 10:45;")


@pytest.mark.parametrize("owner", ["", "Ana"])
def test_to_close_everything_right_after_a_start_is_answered_honestly(owner: str) -> None:
    given = facts(activity=UNHEARD)
    said = wording.if_closed(if_closed(given, NOW), owner)
    assert said.startswith("Nothing was heard of it yet, so that changes nothing.")
    assert f"{owner + ' is' if owner else 'You are'} asked at 10:19 at the earliest" in said
    assert said != wording.sentence(seen(given), owner)


def test_a_connection_at_work_right_after_a_start_is_use_though_the_rest_is_not_measured_yet() -> None:
    given = facts(activity={**UNHEARD, "ports_heard_at": NOW, "ports_at": NOW, "connected_at": NOW, "connections": 1})
    assert wording.sentence(seen(given)).startswith("It is in use, so it stays awake.")


def test_to_close_everything_does_not_stop_a_computation() -> None:
    given = facts(activity={"ports_at": NOW, "cpu_at": NOW, "cpu_percent": 80.0})
    assert "Closing connections does not stop that" in wording.if_closed(if_closed(given, NOW))


def test_the_dates_of_its_whole_life() -> None:
    names = [name for name, _at in wording.dates(seen(facts()))]
    assert names == ["Put away", "Archived", "Deleted"]


def test_what_is_in_the_bin_has_one_date_left() -> None:
    binned = facts(state="archived", machine={"binned_at": NOW})
    assert [name for name, _at in wording.dates(seen(binned))] == ["Deleted"]


def test_in_spanish_too() -> None:
    with translation.override("es"):
        assert lines(facts(activity={"connections": 1}))["ports"].startswith("una abierta")
