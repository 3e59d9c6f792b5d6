"""Open pages in a real browser: told of changes by the live process, and asking by themselves while nobody tells them."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts import person_actions
from accounts.browsers import browser_sessions
from accounts.models import User
from accounts.terms import versions
from lib import events
from machines.models import Machine
from portal.live import rights_watch
from tests.chromium import in_a_browser
from tests.factories import make_machine
from tests.live.front import Front
from tests.live.process import LiveProcess
from tests.pages.beside_live import live as live
from tests.pages.test_browser import visit
from tests.pages.test_terminal_page import with_own_key
from tests.waiting import until

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
SOON = 30_000  # ms: an event is there at once; a settled part that is told of events would ask by itself after 60 s


@pytest.fixture
def machine(student: User) -> Machine:
    return make_machine(student, name="condor")


@pytest.fixture
def page(browser: Browser, live_server: Any, live: LiveProcess, machine: Machine) -> Page:
    page = visit(browser, live_server, user=machine.owner, width=800, theme="light", language="es", live=True)
    page.goto("/")
    until(lambda: live.hub.streams, "the page's stream is open")
    return page


def becomes(machine: Machine, state: str) -> None:
    Machine.objects.filter(pk=machine.pk).update(state=state, wanted=state)


def test_a_page_is_told_of_a_change(page: Page, machine: Machine) -> None:
    becomes(machine, "suspended")
    events.publish("machine", machine.pk)
    expect(page.locator(".card .word")).to_have_text("Dormida", timeout=SOON)


def test_the_tabs_of_a_browser_share_one_stream(page: Page, live: LiveProcess, machine: Machine) -> None:
    other = page.context.new_page()
    other.goto(f"/machines/{machine.pk}/")
    becomes(machine, "suspended")
    events.publish("machine", machine.pk)
    for tab, word in ((page, ".card .word"), (other, "#state")):
        expect(tab.locator(word)).to_have_text("Dormida", timeout=SOON)
    assert len(live.hub.streams) == 1
    page.close()
    until(lambda: live.hub.counts["ended left"] == 1 and live.hub.streams, "the other tab reads on")
    becomes(machine, "running")
    events.publish("machine", machine.pk)
    expect(other.locator("#state")).to_have_text("Encendida", timeout=SOON)


@pytest.fixture
def rare_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's rights are looked at by the clock: only when an event says so."""
    monkeypatch.setattr(rights_watch, "CHECK_SECONDS", 3600)


@pytest.mark.usefixtures("rare_checks")
def test_a_blocked_person_is_out_at_once(page: Page, machine: Machine, admin: User) -> None:
    """Only the first page that asks says why: tests/pages/test_sign_in.py has the sentence."""
    other = page.context.new_page()
    other.goto(f"/machines/{machine.pk}/")
    person_actions.block(person=machine.owner, by=admin)
    for tab in (page, other):
        expect(tab).to_have_url(re.compile("/accounts/login/"), timeout=SOON)


STILL = ("/keys/", "/account/", "/help/student/")  # pages without a live part; the last is open to strangers, too
ENDS = {
    "blocked": lambda person, admin: person_actions.block(person=person, by=admin),
    "removed": lambda person, admin: person_actions.remove(person=person, by=admin),
    "signed out everywhere": lambda person, _admin: browser_sessions.end_all(person, with_tokens=False),
}


@pytest.fixture
def still(browser: Browser, live_server: Any, live: LiveProcess, student: User) -> list[Page]:
    """Tabs of one browser on pages that nothing but the end of a right changes."""
    first = visit(browser, live_server, user=student, width=800, theme="light", language="es", live=True)
    tabs = [first, *(first.context.new_page() for _other in STILL[1:])]
    for tab, path in zip(tabs, STILL, strict=True):
        tab.goto(path)
    until(lambda: live.hub.streams, "the tabs' stream is open")
    return tabs


@pytest.mark.usefixtures("rare_checks")
@pytest.mark.parametrize("how", ENDS)
def test_pages_without_live_parts_are_left_at_once_too(still: list[Page], how: str, student: User, admin: User) -> None:
    ENDS[how](student, admin)
    for tab, path in zip(still, STILL, strict=True):
        expect(tab).to_have_url(re.compile(re.escape(f"/accounts/login/?next={quote(path, safe='')}")), timeout=SOON)


def test_whoever_was_shut_out_while_nobody_listened_leaves(
    still: list[Page], live: LiveProcess, student: User, admin: User
) -> None:
    live.stop()
    person_actions.block(person=student, by=admin)
    live.start()
    for tab in still:
        expect(tab).to_have_url(re.compile("/accounts/login/"))


def test_whoever_owes_the_terms_is_led_to_them(still: list[Page], live: LiveProcess, admin: User) -> None:
    versions.publish(text_en="Be kind.", text_es="Sé amable.", seen=0, by=admin)
    for tab, path in zip(still, STILL, strict=True):
        expect(tab).to_have_url(re.compile(re.escape(f"/terms/?next={quote(path, safe='')}")), timeout=SOON)
    until(lambda: not live.hub.streams, "the terms listen to nothing")


def test_whoever_comes_to_owe_a_second_step_is_led_to_it(still: list[Page], live: LiveProcess, settings: Any) -> None:
    """And stays there: the page on which it is set up listens to nothing, so it is not left again."""
    settings.MFA_REQUIRED_FOR = ["student"]
    for tab in still:
        expect(tab).to_have_url(re.compile("/accounts/second-step/$"), timeout=SOON)
        expect(tab.locator("script[src*='events']")).to_have_count(0)
    until(lambda: not live.hub.streams, "nothing listens")


def test_without_redis_the_page_says_so_and_asks_by_itself(page: Page, live: LiveProcess, machine: Machine) -> None:
    live.call(live.hub.stop_hearing)
    expect(page.locator("#asks-itself")).to_be_visible()
    expect(page.locator("#asks-itself")).to_contain_text("cada pocos segundos")
    expect(page.locator("#offline")).to_be_hidden()
    live.call(live.hub.begin_hearing)
    expect(page.locator("#asks-itself")).to_be_hidden(timeout=SOON)


def test_without_the_live_process_a_machine_s_page_says_what_it_lacks(
    page: Page, live: LiveProcess, machine: Machine
) -> None:
    with_own_key(machine)
    live.call(live.hub.stop_hearing)  # it is there, and terminals work
    page.goto(f"/machines/{machine.pk}/")
    expect(page.locator("#asks-itself")).to_be_visible()
    expect(page.locator("#live-is-away")).to_be_hidden()
    live.stop()
    expect(page.locator("#live-is-away")).to_contain_text("puedes entrar por SSH")
    expect(page.locator("#asks-itself")).to_be_hidden()


def test_a_page_outlives_the_live_process(browser: Browser, live_server: Any, live: LiveProcess, student: User) -> None:
    building = make_machine(student, name="llama", state="building")
    page = visit(browser, live_server, user=student, width=800, theme="light", language="es", live=True)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto("/")
    until(lambda: live.hub.streams, "the page's stream is open")
    live.stop()
    becomes(building, "running")  # nobody says so
    expect(page.locator(".card .word")).to_have_text("Encendida", timeout=SOON)
    expect(page.locator("#asks-itself")).to_be_visible()
    live.start()
    expect(page.locator("#asks-itself")).to_be_hidden()
    becomes(building, "suspended")
    events.publish("machine", building.pk)
    expect(page.locator(".card .word")).to_have_text("Dormida", timeout=SOON)
    assert wrong == []


def test_behind_one_address_a_page_is_told_too(
    browser: Browser, live_server: Any, live: LiveProcess, settings: Any, machine: Machine
) -> None:
    """The browser says no Origin there, as in production, and the policy is the site's own."""
    front = Front(live.port, int(live_server.url.rpartition(":")[2]))
    settings.LIVE_URL, settings.PORTAL_URL = "", front.url
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"default-src": ["'self'"]}}
    try:
        page = visit(browser, front, user=machine.owner, width=800, theme="light", language="es", live=True)
        page.goto("/")
        until(lambda: live.hub.streams, "the page's stream is open")
        becomes(machine, "suspended")
        events.publish("machine", machine.pk)
        expect(page.locator(".card .word")).to_have_text("Dormida", timeout=SOON)
        page.context.close()
    finally:
        front.stop()
