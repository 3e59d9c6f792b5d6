"""The report between two days: what counts in it, when, and for whom."""

from collections import defaultdict
from datetime import date
from typing import Any

import pytest

from accounts.models import Donor, User
from nodes import actions, donor_actions, term_report
from nodes.models import Computer, Donation
from nodes.term_report import AN_ORGANISATION, NO_ORGANISATION, By, Report, Span, last_six_months, report
from tests.nodes.conftest import Clock
from tests.nodes.donated import donor_of, offered, stepped
from tests.nodes.hypervisors.seen import make_node
from tests.nodes.months.served import serve
from tests.nodes.subscribed import pass_days

pytestmark = pytest.mark.django_db
MARCH, FEBRUARY = Span(date(2026, 3, 1), date(2026, 3, 31)), Span(date(2026, 2, 1), date(2026, 2, 28))


def given(email: str = "lucia@example.org", organisation: str = "Colegio Mejía") -> Computer:
    return offered(donor=donor_of(email, organisation=organisation)).computers.get()


def of(span: Span = MARCH, by: By = By.KIND) -> Report:
    return report(span, by)


@pytest.fixture
def pc(admin: User, clock: Clock) -> Computer:
    """A computer of a school that came on 2 March 2026 and went into service."""
    return stepped(given(), "accept", "receive", "wipe", "test", "put_in_service", by=admin, grams=8400)


def test_what_came_and_serves_is_counted(pc: Computer) -> None:
    sums = of().together
    assert (sums.received, sums.in_service, sums.retired, sums.weight.grams) == (1, 1, 0, 8400)


def test_before_it_came_there_is_nothing(pc: Computer) -> None:
    found = of(FEBRUARY)
    assert not found.together
    assert found.groups == {}


def test_what_was_retired_later_was_in_service_before(pc: Computer, admin: User, clock: Clock) -> None:
    pass_days(clock, 40)
    stepped(pc, "retire", by=admin)
    april = of(Span(date(2026, 4, 1), date(2026, 4, 30))).together
    assert (of().together.in_service, april.in_service, april.retired, april.received) == (1, 0, 1, 0)


def test_a_step_that_was_taken_back_counts_nothing(admin: User, clock: Clock) -> None:
    computer = stepped(given(), "accept", "receive", by=admin)
    actions.undo(batch=computer.changes.latest("pk").batch, by=admin)
    sums = of().together
    assert (sums.received, sums.weight.counted) == (0, 0)


def test_what_comes_twice_was_received_once(pc: Computer, admin: User, clock: Clock) -> None:
    pass_days(clock, 35)
    stepped(pc, "lose", "test", by=admin)
    assert of(Span(date(2026, 4, 1), date(2026, 4, 30))).together.received == 0


def test_hours_are_of_the_whole_months_that_the_days_touch(pc: Computer) -> None:
    for month, hours in {"2026-01": 1, "2026-02": 20, "2026-03": 300, "2026-04": 4000}.items():
        serve(pc, month, hours)
    assert of(Span(date(2026, 2, 27), date(2026, 3, 2))).together.hours == 320


def test_kinds_of_donors_are_apart_and_the_sum_counts_people_once(pc: Computer) -> None:
    serve(pc, "2026-03", 100, people=3)
    serve(given("ana@example.org", ""), "2026-03", 50, people=2)
    found = of()
    seen = {key: (sums.hours, sums.people) for key, sums in found.groups.items()}
    assert seen == {AN_ORGANISATION: (100, 3), NO_ORGANISATION: (50, 2)}
    assert (found.together.hours, found.together.people, found.together.machines) == (150, 3, 3)


def test_an_organisation_is_one_however_it_is_written(pc: Computer) -> None:
    serve(pc, "2026-03", 100)
    serve(given("ana@example.org", " COLEGIO mejía "), "2026-03", 50)
    found = of(by=By.ORGANISATION)
    assert [(found.names[key], sums.hours) for key, sums in found.groups.items()] == [("Colegio Mejía", 150)]


def test_an_erased_donor_is_nobody_any_more(pc: Computer) -> None:
    donor_actions.erase(donor=Donor.objects.get())
    assert list(of(by=By.ORGANISATION).groups) == [NO_ORGANISATION]


def test_a_node_that_is_no_given_computer_is_apart(pc: Computer) -> None:
    row = serve(pc, "2026-03", 100)
    row.pk, row.computer, row.node = None, None, make_node("lent")
    row.save(force_insert=True)
    found = of()
    assert (found.together.hours, found.untied.hours) == (100, 100)


def test_one_that_was_not_weighed_counts_as_such_usually_weigh(admin: User, clock: Clock) -> None:
    stepped(given(), "accept", "receive", by=admin)
    weight = of().together.weight
    assert (weight.grams, weight.weighed, weight.counted) == (10_000, 0, 1)


def test_more_computers_cost_no_more_queries(pc: Computer, admin: User, django_assert_num_queries: Any) -> None:
    for n in range(5):
        serve(given(f"a{n}@example.org", f"School {n}"), "2026-03")
    with django_assert_num_queries(8):
        of(by=By.ORGANISATION)
    assert Donation.objects.count() == 6


@pytest.mark.parametrize(
    ("today", "first"), [(date(2026, 11, 29), date(2026, 6, 1)), (date(2026, 3, 31), date(2025, 10, 1))]
)
def test_at_first_it_is_of_six_months(today: date, first: date) -> None:
    assert last_six_months(today) == Span(first, today)


def test_a_computer_that_comes_while_it_is_worked_out_is_left_out(pc: Computer, admin: User) -> None:
    serve(pc, "2026-03", 100)
    groups: dict[str, term_report.Sums] = defaultdict(term_report.Sums)
    span = Span(date(2026, 3, 1), date(2026, 3, 31))
    term_report._count_steps(groups, span, key_of={})
    term_report._count_months(groups, span, By.KIND, key_of={})
    assert not any(sums.received or sums.seconds for sums in groups.values())
