"""manage.py idle: a sweep by hand, and what the next one would do."""

from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from accounts.models import User
from machines.models import Activity, Machine, Question
from tests.machines.idle.quiet import row

if TYPE_CHECKING:
    from tests.machines.world import Clock


@pytest.fixture
def machine(clock: "Clock", student: User) -> Machine:
    return row(student, clock.now)


def foretold(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    call_command("idle", "--lang", "en", *args)
    return capsys.readouterr().out


def test_a_dry_run_says_what_would_be_done_and_why(
    clock: "Clock", machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    said = foretold(capsys, "--dry-run")
    assert "mine (student): its owner is asked. Nobody has used it for 120 minutes." in said
    assert not Question.objects.exists()


def test_a_dry_run_says_what_comes_in_a_day(clock: "Clock", student: User, capsys: pytest.CaptureFixture[str]) -> None:
    row(student, clock.now, state="suspended")
    clock.move(40 * 3600)
    assert "In the next 24 hours, if nothing changes: 1 thing." in foretold(capsys, "--dry-run")


def test_a_dry_run_counts_what_comes_in_a_week(
    clock: "Clock", machine: Machine, student: User, capsys: pytest.CaptureFixture[str]
) -> None:
    row(student, clock.now, state="suspended", name="asleep")
    said = foretold(capsys, "--dry-run")
    assert [line.strip() for line in said.partition("7 days")[2].splitlines()[1:5]] == [
        "1 machine goes to sleep.",
        "2 machines are put away.",
        "0 machines are archived.",
        "0 machines are deleted.",
    ]


def test_a_dry_run_names_what_is_unknown(clock: "Clock", machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    Activity.objects.update(load_heard_at=None)
    said = foretold(capsys, "--dry-run")
    assert "Of 1 machine it is unknown whether it works." in said
    assert "mine (student): cpu, disk, nic" in said


def test_the_command_without_it_does_what_is_due(
    clock: "Clock", machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "1 thing was done." in foretold(capsys)
    assert Question.objects.open().get().kind == "sleep"
