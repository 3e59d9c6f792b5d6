"""The files of a machine that sleeps: nothing of them can be listed, so they are not offered."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from accounts.models import User
from machines.models import Machine
from tests.chromium import in_a_browser
from tests.factories import make_machine
from tests.pages.test_browser import visit
from tests.pages.test_files_browser import door as door
from tests.pages.test_terminal_page import with_own_key

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]


@pytest.mark.usefixtures("door")
def test_files_are_offered_once_the_machine_is_awake(browser: Browser, live_server: Any, student: User) -> None:
    machine = with_own_key(make_machine(student, state="suspended"))
    page = visit(browser, live_server, user=student, width=1280, theme="light", language="en")
    page.add_init_script("localStorage.setItem('files-open', 'yes')")
    page.goto(f"/machines/{machine.pk}/terminal/")
    expect(page.locator("#place")).to_have_attribute("data-kind", "resting")
    for part in ("#files-button", "#files", "#shell-menu"):
        expect(page.locator(part)).to_be_hidden()
    Machine.objects.filter(pk=machine.pk).update(state="running", wanted="running")
    page.evaluate("htmx.trigger('#place', 'look')")
    expect(page.locator("#files [data-remark]")).to_have_text("Nothing is in this folder.")
    Machine.objects.filter(pk=machine.pk).update(state="suspended", wanted="suspended")
    page.evaluate("htmx.trigger('#place', 'look')")
    expect(page.locator("#files")).to_be_hidden()
