"""The dashboard in a browser: it keeps itself up to date, calmly, and what a person holds on it stays as it is."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from lib import events
from machines.models import Machine
from portal.dashboard.day_counts import day_of
from portal.models import DayCount
from tests.chromium import in_a_browser
from tests.factories import make_gateway, make_machine
from tests.live.process import LiveProcess
from tests.pages.test_browser import AXE, faults, visit
from tests.pages.test_events_browser import becomes
from tests.pages.test_events_browser import live as live
from tests.waiting import until

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
LOOK = "() => htmx.trigger('#dashboard', 'look')"


@pytest.fixture
def machine(admin: User, student: User) -> Machine:
    make_machine(student, name="puma", state="failed")
    return make_machine(student, name="condor")


@pytest.fixture
def page(browser: Browser, live_server: Any, live: LiveProcess, machine: Machine, admin: User) -> Page:
    page = visit(
        browser, live_server, user=admin, width=1280, theme="light", language="en", axe=AXE.exists(), live=True
    )
    page.goto("/manage/")
    until(lambda: live.hub.streams, "the page's stream is open")
    return page


def test_it_is_told_of_changes_and_waits_between_two_questions(page: Page, machine: Machine) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/manage/") else None)
    as_of = page.locator('[data-section="as-of"]').inner_text()
    began = time.monotonic()
    assert page.locator("#dashboard").get_attribute("data-least") == "10000"
    page.evaluate("document.getElementById('dashboard').dataset.least = 1000")
    for state in ("suspended", "shelved", "archived", "suspended"):
        becomes(machine, state)
        events.publish("machine", machine.pk)
    expect(page.locator('[data-section="states"]')).to_contain_text("Sleeping")
    expect(page.locator('[data-section="as-of"]')).not_to_have_text(as_of)
    assert len(asked) <= 2 + time.monotonic() - began


def test_focus_and_what_did_not_change_stay(page: Page, machine: Machine) -> None:
    link = page.locator('[data-section="needs"] a').first
    page.evaluate("document.querySelector('[data-section=people]').dataset.mark = 'mine'")
    link.focus()
    make_machine(machine.owner, name="tapir", state="failed")  # the sentence of this very section is another one now
    page.evaluate(LOOK)
    expect(page.locator('[data-section="needs"]')).to_contain_text("2 machines failed")
    assert page.evaluate("document.activeElement.closest('[data-section]')?.dataset.section") == "needs"
    assert page.locator('[data-section="people"]').get_attribute("data-mark") == "mine"


def test_a_fold_stays_open_and_scrolled_where_its_section_is_drawn_anew(page: Page) -> None:
    for ago in range(25):
        day = day_of(timezone.now()) - timedelta(days=ago)
        DayCount.objects.create(day=day, launches=3, counted_at=timezone.now())
    page.evaluate(LOOK)
    page.locator("#table-launches").click()
    box = page.locator('[data-section="chart-launches"] .scroll')
    box.evaluate("box => { box.scrollTop = 120 }")
    DayCount.objects.update(launches=777)
    page.evaluate(LOOK)
    expect(box).to_contain_text("777")
    expect(box).to_be_visible()
    assert box.evaluate("box => box.scrollTop") == 120


def test_a_link_keeps_its_focus_where_the_section_around_it_is_drawn_anew(page: Page) -> None:
    page.locator('[data-section="pulse"] a[href="/manage/cloud/"]').focus()
    make_gateway()
    page.evaluate(LOOK)
    expect(page.locator('[data-section="pulse"]')).to_contain_text("Gateway")
    expect(page.locator('[data-section="pulse"] a[href="/manage/cloud/"]')).to_be_focused()


def test_who_listens_is_told_that_something_needs_a_hand_and_of_nothing_else(page: Page, machine: Machine) -> None:
    page.evaluate(LOOK)
    becomes(machine, "suspended")
    page.evaluate(LOOK)
    expect(page.locator('[data-section="states"]')).to_contain_text("Sleeping")
    expect(page.locator("#said")).to_be_empty()
    Machine.objects.filter(name="puma").update(state="running", wanted="running")
    page.evaluate(LOOK)
    expect(page.locator("#said")).to_contain_text("need")


def test_who_is_no_administrator_any_more_has_it_no_longer_before_their_eyes(page: Page, admin: User) -> None:
    User.objects.filter(pk=admin.pk).update(roles=["student"], is_superuser=False)
    page.evaluate(LOOK)
    expect(page.locator("#dashboard")).to_have_count(0)
    expect(page.locator("main h1")).to_be_visible()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
def test_axe_finds_nothing_after_it_was_drawn_anew(page: Page, machine: Machine) -> None:
    becomes(machine, "suspended")
    page.evaluate(LOOK)
    expect(page.locator('[data-section="states"]')).to_contain_text("Sleeping")
    assert faults(page, "dashboard-anew", (1280, "light"), (390, "dark")) == []


def test_without_a_script_there_is_a_link(browser: Browser, live_server: Any, admin: User) -> None:
    signed_in = visit(browser, live_server, user=admin, width=390, theme="light", language="en", live=True)
    context = browser.new_context(
        java_script_enabled=False, base_url=live_server.url, storage_state=signed_in.context.storage_state()
    )
    page = context.new_page()
    page.goto("/manage/?days=90")
    page.get_by_role("link", name="Refresh").click()
    expect(page).to_have_url(f"{live_server.url}/manage/?days=90")
