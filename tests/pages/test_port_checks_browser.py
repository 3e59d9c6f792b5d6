"""“Why can't I connect?” in a real browser: each hop is shown as it comes, from the live process at an address of its own."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from machines.models import Machine
from portal.live.checks import check_http
from tests.chromium import in_a_browser
from tests.factories import make_machine
from tests.live.process import LiveProcess
from tests.pages.beside_live import live as live
from tests.pages.test_browser import faults, visit
from tunnels.models import Gateway, PortCheck

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]


@pytest.fixture
def machine(student: User) -> Machine:
    """A machine whose gateway has a name, and an agent that was heard long ago."""
    row = make_machine(student, name="condor")
    Gateway.objects.update(public_host="localhost", heard_at="2026-01-01T12:00Z")
    return row


@pytest.fixture
def page(browser: Browser, live_server: Any, live: LiveProcess, machine: Machine) -> Page:
    return visit(browser, live_server, user=machine.owner, width=390, theme="light", language="es", axe=True)


def test_from_the_machines_page_one_press_names_the_hop_and_who_mends_it(page: Page, machine: Machine) -> None:
    page.goto(f"/machines/{machine.pk}/")
    page.locator("#why-not").click()
    expect(page.locator("#verdict")).to_contain_text("La administración debe arrancarlo de nuevo.")
    expect(page.locator("#hops > li")).to_have_count(6)
    expect(page.locator("#hops > li.tone-trouble")).to_have_attribute("data-hop", "agent")
    expect(page.locator("#hops [data-broken]:visible")).to_have_text("Se corta aquí")
    assert not page.url.endswith("#check-now")


def test_axe_finds_nothing_and_a_phone_shows_it_whole(page: Page, machine: Machine) -> None:
    page.goto(f"/machines/{machine.pk}/check/#check-now")
    expect(page.locator("#hops > li")).to_have_count(6)
    assert faults(page, "check-es", (390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")) == []


def test_without_scripts_the_button_leads_there_and_back(
    browser: Browser, live_server: Any, live: LiveProcess, machine: Machine
) -> None:
    with_scripts = visit(browser, live_server, user=machine.owner, width=390, theme="light", language="en")
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    context.add_cookies(with_scripts.context.cookies())
    page = context.new_page()
    page.goto(f"/machines/{machine.pk}/check/")
    page.locator("#check-now").click()
    expect(page.locator("#verdict")).to_contain_text("An administrator must start it again.")
    assert (page.url, PortCheck.objects.get().broken) == (
        f"{live_server.url}/machines/{machine.pk}/check/?port=22",
        "agent",
    )


def test_one_that_does_not_come_to_its_end_is_not_shown_as_right(
    page: Page, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_http, "ALL_SECONDS", 0.0)
    page.goto(f"/machines/{machine.pk}/check/#check-now")
    expect(page.locator("#verdict")).to_contain_text("La revisión no llegó al final.")
    expect(page.locator("#verdict.tone-on")).to_have_count(0)


def test_a_live_process_that_is_away_is_said(page: Page, live: LiveProcess, machine: Machine) -> None:
    page.goto(f"/machines/{machine.pk}/check/")
    live.stop()
    page.locator("#check-now").click()
    expect(page.locator("#verdict")).to_have_text("Minga no puede revisar esto ahora. Prueba de nuevo en un minuto.")
    expect(page.locator("#check-now")).not_to_have_attribute("aria-disabled", "true")
