"""A live process tells the idle rules of its terminals: those of a real sshd, as they are used and closed."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from machines.models import Activity, Machine
from portal.live.terminals import use_reports
from tests.live.process import LiveProcess
from tests.live.terminals.guest_fixtures import home as home
from tests.live.terminals.guest_fixtures import machine as machine
from tests.live.terminals.guest_fixtures import opened as opened
from tests.live.terminals.guest_stage import View, view
from tests.machines.idle.guest import can_run
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("live-terminals"),
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root for terminals of its own"),
]


@pytest.fixture(autouse=True, scope="module")
def _often() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(use_reports, "SECONDS", 0.05)
        patches.setattr("machines.idle.terminals.RENEW", timedelta(0))
        yield


@pytest.fixture
def row(machine: Machine) -> Callable[[], Activity]:
    """Return what is known of the machine by now."""
    Activity.objects.create(machine=machine, since=machine.state_since)
    return lambda: Activity.objects.get(machine=machine)


def test_an_open_terminal_is_reported_with_its_use(row: Callable[[], Activity], opened: View) -> None:
    until(lambda: row().console_open == 1, "the terminal is reported")
    until(lambda: row().console_at is not None, "its prompt is use")


def test_what_is_typed_is_use(row: Callable[[], Activity], opened: View) -> None:
    until(lambda: row().console_open == 1, "the terminal is reported")
    before = timezone.now()
    opened.type("true\n")
    until(lambda: (row().console_at or before) > before, "typing is use")


def test_what_is_drawn_anew_for_another_size_is_no_use(row: Callable[[], Activity], opened: View) -> None:
    opened.type("trap 'echo drawn-$((6*7))' WINCH; echo set-$((6*7))\n")
    opened.shows("set-42")
    until(lambda: row().console_at is not None, "that is use")
    settled = settled_use(row)
    opened.say(type="resize", cols=70, rows=20)
    opened.shows("drawn-42")
    assert settled_use(row) == settled


def test_to_ask_whether_the_line_stands_is_no_use(row: Callable[[], Activity], opened: View) -> None:
    until(lambda: row().console_at is not None, "its prompt is use")
    settled = settled_use(row)
    opened.say(type="ping")
    opened.until(lambda: opened.of("pong"))
    assert settled_use(row) == settled


def test_what_tmux_draws_for_a_page_that_comes_back_is_no_use(
    row: Callable[[], Activity], opened: View, live: LiveProcess, machine: Machine, student: User
) -> None:
    opened.type("echo drawn-$((6*7))\n")
    opened.shows("drawn-42")
    settled = settled_use(row)
    live.stop()
    live.start()
    with contextlib.closing(view(live, machine, student)) as again:
        again.shows("drawn-42")
        assert settled_use(row) == settled


def settled_use(row: Callable[[], Activity]) -> datetime | None:
    """Return when it was used, by a report from now on."""
    now = timezone.now()
    until(lambda: (row().console_heard_at or now) > now + timedelta(seconds=0.2), "it is reported")
    return row().console_at


def test_a_shell_that_ends_leaves_no_terminal_open(row: Callable[[], Activity], opened: View) -> None:
    until(lambda: row().console_open == 1, "the terminal is reported")
    opened.type("exit\n")
    until(lambda: row().console_open == 0, "it is reported as closed")


def test_a_process_that_stops_leaves_its_terminals_unknown(
    row: Callable[[], Activity], opened: View, live: LiveProcess
) -> None:
    until(lambda: row().console_open == 1, "the terminal is reported")
    live.stop()
    left = row().console_open
    live.start()
    assert left == 1
