"""Plans and subscriptions, for administrators."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditRow, User
from nodes.models import Plan
from nodes.subscriptions.plans import plan_for, worth_of
from tests.nodes.conftest import clock as clock
from tests.nodes.donated import make_computer
from tests.nodes.subscribed import make_plan, promised, running
from tests.pages.test_once import signed_in
from tests.pages.test_subscriptions import text

pytestmark = pytest.mark.django_db
FORM = {
    "title_en": "Two machines", "title_es": "Dos máquinas", "days": "180", "kind": "", "min_bits": "64",
    "min_ram_mb": "4096", "machines": "2", "enabled": "on",
}  # fmt: skip


@pytest.fixture
def staff(admin: User) -> Client:
    return signed_in(admin)


def move(staff: Client, plan: Plan, **where: Any) -> Any:
    return staff.post(f"/manage/plans/{plan.pk}/move/", {name: each.pk for name, each in where.items()}, follow=True)


def three_plans() -> list[Plan]:
    plan = make_plan()
    return [plan, *(Plan.objects.create(title_en=name, title_es=name, days=9, machines=1) for name in ("B", "C"))]


def test_a_plan_is_added_last_and_counts_once_it_is_moved_up(staff: Client) -> None:
    old = make_plan()
    assert staff.post("/manage/plans/new/", FORM).status_code == 302
    new = Plan.objects.get(title_en="Two machines")
    assert plan_for(worth_of(make_computer()), Plan.objects.all()) == old
    assert "Move up" in text(move(staff, new, above=old))
    found = plan_for(worth_of(make_computer()), Plan.objects.all())
    assert found
    assert found.title_en == "Two machines"
    assert [row.verb for row in AuditRow.objects.order_by("pk")] == ["add_plan", "move_plan"]


def test_plans_go_down_one_place_at_a_time(staff: Client) -> None:
    first, second, third = three_plans()
    move(staff, first, below=second)
    assert list(Plan.objects.all()) == [second, first, third]
    page = staff.get("/manage/plans/").content.decode()
    assert (page.count('name="above"'), page.count('name="below"')) == (2, 2)


def test_a_press_on_an_old_page_moves_nothing(staff: Client) -> None:
    first, second, third = three_plans()
    move(staff, third, above=second)
    for where in ({"above": second}, {"below": first}, {"above": third}):
        assert "another order by now" in text(move(staff, third, **where))
    assert list(Plan.objects.all()) == [first, third, second]


def test_what_is_switched_on_again_is_looked_at_last(staff: Client) -> None:
    other, off, third = three_plans()
    Plan.objects.filter(pk=off.pk).update(enabled=False, priority=9)
    staff.post(f"/manage/plans/{off.pk}/", FORM)
    assert list(Plan.objects.all()) == [other, third, off]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"machines": ""}, "Give at least one amount"),
        ({"title_es": ""}, "Fill this in."),
        ({"days": "0"}, "from 1 on"),
        ({"machines": "-1"}, "from 0 on"),
        ({"bonus_days": "41"}, "up to 40"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(staff: Client, wrong: dict[str, str], words: str) -> None:
    before = Plan.objects.count()
    response = staff.post("/manage/plans/new/", FORM | wrong)
    assert response.status_code == 400
    assert words in text(response)
    assert Plan.objects.count() == before


def test_a_plan_brings_a_bonus(staff: Client) -> None:
    staff.post("/manage/plans/new/", FORM | {"bonus_days": "3"})
    assert Plan.objects.get(title_en="Two machines").bonus_days == 3
    assert "3 more days for each 1000 hours in service" in text(staff.get("/manage/plans/"))


def test_a_change_touches_no_promise(staff: Client, admin: User, clock: Any) -> None:
    plan = make_plan()
    row = promised(admin, clock)
    staff.post(f"/manage/plans/{plan.pk}/", FORM)
    row.refresh_from_db()
    assert (row.days, row.entitlement.machines, row.title["en"]) == (365, 1, "One machine")


def test_a_plan_changed_by_somebody_else_is_not_overwritten_unread(staff: Client) -> None:
    plan = make_plan()
    response = staff.post(f"/manage/plans/{plan.pk}/", FORM | {"seen": "0123456789abcdef"})
    assert response.status_code == 409
    assert "Somebody else changed this" in text(response)


def test_a_plan_that_is_switched_off_is_promised_no_more(staff: Client) -> None:
    plan = make_plan()
    staff.post(f"/manage/plans/{plan.pk}/", {name: value for name, value in FORM.items() if name != "enabled"})
    assert "Switched off" in text(staff.get("/manage/plans/"))
    assert not Plan.objects.filter(enabled=True).exists()


def test_renewing_moves_the_end_and_the_grant_and_is_written_down(staff: Client, student: User) -> None:
    row = running(student)
    staff.post(f"/manage/subscriptions/{row.pk}/renew/", {"days": "30", "note": "He helps in the lab"})
    row.refresh_from_db()
    assert row.days == 130
    assert row.entitlement.grant
    assert row.entitlement.grant.ends_at == row.ends_at
    page = text(staff.get(f"/manage/subscriptions/{row.pk}/"))
    assert "Renewed by the administrators" in page
    assert "He helps in the lab" in page
    assert "Renewed a subscription" in text(staff.get("/manage/audit/"))


@pytest.mark.parametrize(
    ("verb", "sent", "words"),
    [
        ("renew", {"days": "0"}, "from 1 on"),
        ("renew", {"days": ""}, "Fill this in."),
        ("correct", {"days": "-5", "note": ""}, "Fill this in."),
        ("correct", {"days": "-101", "note": "x"}, "days are left"),
        ("correct", {"days": "0", "note": "x"}, "Give a number of days"),
    ],
)
def test_bad_days_are_told_and_change_nothing(
    staff: Client, student: User, verb: str, sent: dict[str, str], words: str
) -> None:
    row = running(student)
    response = staff.post(f"/manage/subscriptions/{row.pk}/{verb}/", sent)
    assert response.status_code == 400
    assert words in text(response)
    row.refresh_from_db()
    assert row.days == 100


def test_a_person_and_an_offer_show_their_subscriptions(staff: Client, admin: User, student: User, clock: Any) -> None:
    make_plan()
    given, own = promised(admin, clock), running(student)
    computer = given.entitlement.computer
    assert computer
    assert f"/manage/subscriptions/{own.pk}/" in text(staff.get(f"/manage/people/{student.pk}/"))
    for page in (f"/manage/donations/{computer.donation_id}/", f"/manage/computers/{computer.pk}/"):
        assert f"/manage/subscriptions/{given.pk}/" in text(staff.get(page))


def test_staff_do_not_give_away_what_is_anothers(staff: Client, student: User) -> None:
    row = running(student)
    assert staff.post(f"/donating/subscriptions/{row.pk}/give/", {"share": "all"}).status_code == 403
