"""The panel “Why is it still on?” and the dates on the card."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.models import User
from machines.models import Activity, Machine
from portal.presenters import idle_panel
from portal.presenters.machine_card import Shown
from portal.presenters.show_machines import show_all
from tests.machines.idle.quiet import heard, row

if TYPE_CHECKING:
    from tests.machines.world import Clock


def show(machine: Machine) -> Shown:
    return show_all([machine], machine.owner)[0]


@pytest.fixture
def clock() -> "object":
    import time_machine

    from tests.machines.world import Clock

    with time_machine.travel("2026-03-02T10:00:00+00:00", tick=False) as traveller:
        yield Clock(traveller)


@pytest.fixture
def machine(clock: "Clock", student: User) -> Machine:
    return row(student, clock.now, connections=1, ports_at=clock.now - timedelta(minutes=40))


def page(client: Client, machine: Machine, who: User, part: str = "") -> str:
    client.force_login(who)
    return client.get(f"/machines/{machine.pk}/{part}").content.decode()


def test_the_panel_tells_every_signal_and_what_happens_next(client: Client, machine: Machine, student: User) -> None:
    said = page(client, machine, student)
    for words in (
        "Why is it still on?",
        "one open, silent for 40 min",
        "you are asked at 10:05",
        "What if everything is closed now?",
    ):
        assert words in said


def test_its_page_has_every_date_from_the_first_day_and_its_card_the_near_ones(
    client: Client, machine: Machine, student: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    Activity.objects.update(**heard(machine.state_since, since=machine.state_since))
    dates = ("put away", "archived", "deleted", "2026-06-30")
    said = page(client, machine, student)
    assert [date for date in dates if date not in said] == []
    assert "2026-06-30" not in client.get("/").content.decode()
    monkeypatch.setattr(idle_panel, "NEAR", timedelta(days=400))
    card = client.get("/").content.decode()
    assert [date for date in dates if date not in card] == []


def test_a_machine_that_sleeps_says_what_happens_next(client: Client, clock: "Clock", student: User) -> None:
    assert "What happens next" in page(client, row(student, clock.now, state="suspended"), student)


def test_a_machine_being_built_has_no_panel(client: Client, clock: "Clock", student: User) -> None:
    assert 'id="why"' not in page(client, row(student, clock.now, state="building"), student)


def test_a_settled_machine_is_not_asked_for_each_second_because_of_its_ages(
    client: Client, machine: Machine, student: User
) -> None:
    shown = page(client, machine, student)
    assert 'hx-trigger="look"' in shown
    assert "data-pace" not in shown


def test_within_a_minute_the_page_looks_the_same(machine: Machine, clock: "Clock") -> None:
    before = show(machine).version
    clock.move(30)
    assert show(Machine.objects.get()).version == before


def test_after_a_minute_it_does_not(machine: Machine, clock: "Clock") -> None:
    before = show(machine).version
    clock.move(61)
    assert show(Machine.objects.get()).version != before


def test_a_viewed_page_is_not_activity(client: Client, machine: Machine, student: User) -> None:
    before = Activity.objects.values().get()
    page(client, machine, student)
    page(client, machine, student, "live/")
    assert Activity.objects.values().get() == before
