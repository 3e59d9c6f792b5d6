"""Subscriptions in a real browser: their pages are sound in each language, and a part of one goes from a donor to a student."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.donors import donor_links
from accounts.models import Subscription, User
from machines.models import Machine
from nodes.subscriptions import giving
from tests.chromium import in_a_browser
from tests.factories import make_gateway, make_template
from tests.nodes.conftest import clock as clock
from tests.nodes.donated import donor_of, make_computer
from tests.nodes.subscribed import follow, make_plan, promised, running, settled
from tests.pages.test_browser import AXE, faults, look, visit
from tests.pages.test_subscriptions import moved

pytestmark = [
    *in_a_browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("accounts-in-a-browser"),
]
LOOKS = {"es": (360, "light"), "en": (1280, "dark")}


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_on_a_donors_pages(browser: Browser, live_server: Any, student: User, language: str) -> None:
    width, theme = LOOKS[language]
    page = visit(browser, live_server, user=student, width=width, theme=theme, language=language, axe=True)
    row, wrong = moved(running(student), 10), []
    giving.give(subscription=row, by=student, days=10)
    giving.withdraw(code=giving.give(subscription=row, by=student, days=5).row, by=student)
    own = f"/donating/subscriptions/{row.pk}/"
    wrong += look(page, "/donating/", f"subscription-one-{language}", LOOKS[language])
    for name, days in {"ending": 75, "grace": 95, "ended": 140}.items():
        moved(row, days)
        wrong += look(page, "/donating/", f"subscription-{name}-{language}", LOOKS[language])
    moved(row, 10), running(student, 300), running(student, 300), moved(running(student, 30), 40)
    paths = {"several": "/donating/", "own": own, "give": f"{own}give/", "bad": f"{own}give/?share=days&days=0"}
    paths |= {"preview": f"{own}give/?share=half", "claim": "/subscription/?code=BCDF-GHJK-LMNP", "quota": "/"}
    for name, path in paths.items():
        wrong += look(page, path, f"subscription-{name}-{language}", LOOKS[language])
    page.goto(paths["preview"])
    page.locator("#main button.main").click()
    assert wrong + faults(page, f"subscription-made-{language}", LOOKS[language]) == []


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_on_the_administrators_pages(
    browser: Browser, live_server: Any, admin: User, student: User, language: str
) -> None:
    width, theme = LOOKS[language]
    page = visit(browser, live_server, user=admin, width=width, theme=theme, language=language, axe=True)
    plan, row = make_plan(min_ram_mb=2048, min_bits=64), running(student)
    giving.give(subscription=row, by=student, days=10)
    paths = ["/manage/plans/", "/manage/plans/new/", f"/manage/plans/{plan.pk}/", f"/manage/subscriptions/{row.pk}/"]
    wrong = []
    for path in [*paths, f"/manage/people/{student.pk}/"]:
        wrong += look(page, path, f"subscriptions-{path.strip('/').replace('/', '-')}-{language}", LOOKS[language])
    page.goto(paths[3])
    page.locator("#main button.main").click()
    wrong += faults(page, f"subscriptions-bad-days-{language}", LOOKS[language])
    page.goto(paths[1])
    page.locator("#main button.main").click()
    assert wrong + faults(page, f"subscriptions-bad-plan-{language}", LOOKS[language]) == []


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_on_a_visitors_pages(browser: Browser, live_server: Any, admin: User, language: str) -> None:
    width, theme = LOOKS[language]
    page = visit(browser, live_server, user=None, width=width, theme=theme, language=language, axe=True)
    make_plan()
    donor = make_computer("offered", donor=donor_of()).donation.donor
    wrong = look(page, f"/given/{donor_links.token(donor)}/", f"subscription-given-{language}", LOOKS[language])
    wrong += look(page, "/subscription/?code=BCDF-GHJK-LMNP", f"subscription-door-{language}", LOOKS[language])
    page.goto("/donate/")
    for name, value in {"c0-bits": "64", "c0-ram_mb": "4096"}.items():
        page.locator(f"[name={name}]").select_option(value)
    page.locator("[name=c0-kind]").first.check()
    page.locator("button.main").click()
    assert wrong + faults(page, f"subscription-offer-{language}", LOOKS[language]) == []


def test_half_of_a_donors_subscription_goes_to_a_student_who_launches_with_it(
    browser: Browser, live_server: Any, admin: User, student: User, donor: User, clock: Any
) -> None:
    make_gateway(), make_template(), make_plan()
    row = promised(admin, clock, donor_of(email="carlos@example.org"))
    settled(row.entitlement.computer, "receive", by=admin, clock=clock)
    page = visit(browser, live_server, user=donor, width=390, theme="light", language="en")
    page.goto(f"/given/{donor_links.token(row.donor)}/")
    expect(page.get_by_text("It starts when you add what you gave to an account")).to_be_visible()
    page.get_by_role("button", name="Add it to the account").click()
    expect(page.get_by_text("It starts within a minute.")).to_be_visible()
    follow()
    page.reload()
    expect(page.locator(".figure")).to_have_text("365")
    code = half_of_it(page)
    launch_with(visit(browser, live_server, user=student, width=390, theme="light", language="en"), code)
    assert Machine.objects.get().owner == student
    row.refresh_from_db()
    assert (row.days, Subscription.objects.get(user=student).ends_at > timezone.now()) == (183, True)


def half_of_it(page: Page) -> str:
    """Give half of the subscription away. Return the code."""
    page.get_by_role("link", name="Give a part away").click()
    page.get_by_role("button", name="See what that means").click()
    expect(page.get_by_text("Theirs runs 182 days, with 1 machine")).to_be_visible()
    page.get_by_role("button", name="Create the code").click()
    return page.locator("#code").inner_text()


def launch_with(page: Page, code: str) -> None:
    """Use a code by the link that carries it, and launch a machine."""
    page.goto(f"/subscription/?code={code}")
    page.get_by_role("button", name="See what it gives").click()
    expect(page.get_by_text("This code gives you 182 days")).to_be_visible()
    page.get_by_role("button", name="Use the code").click()
    expect(page.locator(".figure")).to_have_text("182")
    page.get_by_role("link", name="Create a machine").click()
    page.locator("#main button.main").first.click()
    page.wait_for_url("**/machines/*/")
