"""Open pages in a real browser: told of changes by the live process, and asking by themselves while nobody tells them."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from lib import events
from machines.models import Machine
from tests.chromium import in_a_browser
from tests.factories import make_machine
from tests.live.front import Front
from tests.live.process import LiveProcess, until
from tests.pages.test_browser import visit

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
SOON = 3_000  # ms: an event is there at once; a settled part would ask by itself after 15 s
SAID = 9_000  # ms: the line waits for 5 s, since a restart is no news


@pytest.fixture
def live(live_server: Any, settings: Any) -> Iterator[LiveProcess]:
    process = LiveProcess()
    settings.PORTAL_URL, settings.LIVE_URL = live_server.url, process.url
    csp = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**csp, "connect-src": ["'self'", process.url]}}
    yield process
    if process.thread.is_alive():
        process.stop()


@pytest.fixture
def machine(student: User) -> Machine:
    return make_machine(student, name="condor")


@pytest.fixture
def page(browser: Browser, live_server: Any, live: LiveProcess, machine: Machine) -> Page:
    page = visit(browser, live_server, user=machine.owner, width=800, theme="light", language="es")
    page.goto("/")
    until(lambda: live.hub.streams, "the page's stream is open")
    return page


def becomes(machine: Machine, state: str) -> None:
    Machine.objects.filter(pk=machine.pk).update(state=state, wanted=state)


def test_a_page_is_told_of_a_change(page: Page, machine: Machine) -> None:
    becomes(machine, "suspended")
    events.publish("machine", machine.pk)
    expect(page.locator(".card .word")).to_have_text("Durmiendo", timeout=SOON)


def test_the_tabs_of_a_browser_share_one_stream(page: Page, live: LiveProcess, machine: Machine) -> None:
    other = page.context.new_page()
    other.goto(f"/machines/{machine.pk}/")
    becomes(machine, "suspended")
    events.publish("machine", machine.pk)
    for tab, word in ((page, ".card .word"), (other, "#state")):
        expect(tab.locator(word)).to_have_text("Durmiendo", timeout=SOON)
    assert len(live.hub.streams) == 1
    page.close()
    until(lambda: live.hub.counts["ended left"] == 1 and live.hub.streams, "the other tab reads on")
    becomes(machine, "running")
    events.publish("machine", machine.pk)
    expect(other.locator("#state")).to_have_text("Encendida", timeout=SOON)


def test_without_redis_the_page_says_so_and_asks_by_itself(page: Page, live: LiveProcess, machine: Machine) -> None:
    live.call(live.hub.stop_hearing)
    expect(page.locator("#asks-itself")).to_be_visible(timeout=SAID)
    expect(page.locator("#asks-itself")).to_contain_text("cada pocos segundos")
    expect(page.locator("#offline")).to_be_hidden()
    live.call(live.hub.begin_hearing)
    expect(page.locator("#asks-itself")).to_be_hidden(timeout=SOON)


def test_a_page_outlives_the_live_process(browser: Browser, live_server: Any, live: LiveProcess, student: User) -> None:
    building = make_machine(student, name="llama", state="building")
    page = visit(browser, live_server, user=student, width=800, theme="light", language="es")
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto("/")
    until(lambda: live.hub.streams, "the page's stream is open")
    live.stop()
    becomes(building, "running")  # nobody says so
    expect(page.locator(".card .word")).to_have_text("Encendida", timeout=SOON)
    expect(page.locator("#asks-itself")).to_be_visible(timeout=SAID)
    live.start()
    expect(page.locator("#asks-itself")).to_be_hidden(timeout=12_000)
    becomes(building, "suspended")
    events.publish("machine", building.pk)
    expect(page.locator(".card .word")).to_have_text("Durmiendo", timeout=SOON)
    assert wrong == []


def test_behind_one_address_a_page_is_told_too(
    browser: Browser, live_server: Any, live: LiveProcess, settings: Any, machine: Machine
) -> None:
    """The browser says no Origin there, as in production, and the policy is the site's own."""
    front = Front(live.port, int(live_server.url.rpartition(":")[2]))
    settings.LIVE_URL, settings.PORTAL_URL = "", front.url
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"default-src": ["'self'"]}}
    try:
        page = visit(browser, front, user=machine.owner, width=800, theme="light", language="es")
        page.goto("/")
        until(lambda: live.hub.streams, "the page's stream is open")
        becomes(machine, "suspended")
        events.publish("machine", machine.pk)
        expect(page.locator(".card .word")).to_have_text("Durmiendo", timeout=SOON)
        page.context.close()
    finally:
        front.stop()
