"""Words for plans and subscriptions, and for what several give together until when."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from lib.measures import Size
from nodes.subscriptions.plan_words import Span, all_of, carries, in_phases, lasts, phases

NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
ONE = Size(machines=1, vcpus=1, ram_mb=2048)


def span(days: float, size: Size = ONE) -> Span:
    return Span(NOW + timedelta(days=days), size)


@pytest.mark.parametrize(
    ("days", "words"),
    [(365, "12 months"), (366, "12 months"), (30, "1 month"), (31, "1 month"), (1, "1 day"), (45, "45 days"), (182, "6 months")],
)  # fmt: skip
def test_days_are_months_where_they_are_about_that_many(days: int, words: str) -> None:
    assert lasts(days) == words


def test_what_carries_no_machine_is_said_in_full() -> None:
    assert carries(Size(machines=2, ram_mb=2048)) == "2 machines"
    assert carries(Size(ram_mb=2048)) == all_of(Size(ram_mb=2048)) == "2\u00a0GB of memory"


def test_two_that_end_on_different_days_become_less_step_by_step() -> None:
    assert in_phases(phases([span(62), span(183)], NOW)) == (
        "2 machines with 4\u00a0GB of memory until 3\u00a0May\u00a02026, then 1 machine with 2\u00a0GB of memory until 1\u00a0Sep\u00a02026"
    )


def test_those_that_end_on_one_day_are_one_step() -> None:
    assert [(p.size.machines, p.day.day) for p in phases([span(1), span(1.01)], NOW)] == [(2, 3)]


def test_what_has_ended_gives_nothing() -> None:
    assert in_phases(phases([span(0), span(-3)], NOW)) == ""


def test_many_different_ends_are_not_said_one_by_one() -> None:
    text = in_phases(phases([span(days) for days in range(1, 12)], NOW))
    assert text.count("machine") == 3
    assert text.endswith("then step by step less until 13\u00a0Mar\u00a02026")


def test_at_each_moment_the_phase_is_the_sum_of_what_lasts_that_long() -> None:
    random = Random(14)
    for _turn in range(50):
        spans = [
            span(random.randint(-5, 40), Size(machines=random.randint(1, 3))) for _each in range(random.randint(1, 9))
        ]
        found = phases(spans, NOW)
        for phase in found:
            lasting = [each.size.machines for each in spans if each.ends_at > NOW and each.ends_at.date() >= phase.day]
            assert phase.size.machines == sum(lasting)
        assert [phase.day for phase in found] == sorted({phase.day for phase in found})
