"""Buttons that are pressed again while the first press is on its way."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from accounts.models import User
from tests.chromium import in_a_browser
from tests.factories import make_machine
from tests.pages.test_browser import visit
from tests.pages.test_presses_browser import Line
from tunnels.models import Tunnel

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]


def test_two_presses_are_one_and_the_first_is_answered(browser: Browser, live_server: Any, student: User) -> None:
    machine = make_machine(student, name="condor")
    page = visit(browser, live_server, user=student, width=390, theme="light", language="en")
    page.goto(f"/machines/{machine.pk}/ports/")
    line = Line(page, "**/ports/")
    page.locator("#one-more [name=port]").fill("8080")
    page.locator("#one-more button").dblclick()
    expect(page.locator("#one-more button")).to_have_attribute("aria-busy", "true")
    page.wait_for_timeout(300)  # for a second request, which does not come
    assert len(line.held) == 1
    line.let_through()
    expect(page.locator("#notes .note[role=status]").first).to_be_visible()
    expect(page.locator("#one-more [role=alert]")).to_have_count(0)
    assert Tunnel.objects.filter(target_port=8080).count() == 1


def test_who_is_not_answered_may_press_again(browser: Browser, live_server: Any, student: User) -> None:
    machine = make_machine(student, name="condor")
    page = visit(browser, live_server, user=student, width=390, theme="light", language="en")
    page.goto(f"/machines/{machine.pk}/settings/")
    page.route("**/rename/", lambda route: route.abort())
    page.locator("#rename [name=name]").fill("puma")
    page.locator("#rename button").click()
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator("#rename button")).not_to_have_attribute("aria-busy", "true")
    page.unroute("**/rename/")
    page.locator("#rename button").click()
    expect(page.locator("#machine-name")).to_have_text("puma")
