"""Wiped disks in a real browser: from the phone at the desk to the page on which anybody checks the certificate, and sound pages."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from accounts.models import User
from nodes.models import WipeCertificate
from nodes.wiping import certificates
from tests.chromium import in_a_browser
from tests.nodes.donated import make_computer
from tests.nodes.wiping.wiped import DESTROYED, FAILED, PDF, certified, wiped
from tests.pages.test_browser import AXE, look, visit

pytestmark = [
    *in_a_browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("accounts-in-a-browser"),
]
LOOKS = {"es": (390, "dark"), "en": (1280, "light")}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: Any) -> None:
    settings.FILES_DIR = str(tmp_path)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing(browser: Browser, live_server: Any, admin: User, language: str) -> None:
    width, theme = LOOKS[language]
    old = certified(admin)
    computer, path = old.computer, f"/manage/computers/{old.computer.pk}/"
    certificates.withdraw(certificate=old, by=admin, reason="The serial number was wrong")
    valid = certificates.issue(computer=computer, by=admin)
    disk = wiped(computer, admin, serial="9RA4J1KQ", **FAILED)
    new = make_computer("received")
    staff = visit(browser, live_server, user=admin, width=width, theme=theme, language=language, axe=True)
    paths = [path, f"{path}disks/", f"{path}disks/{disk.pk}/", f"{path}certificates/{valid.pk}/withdraw/"]
    paths += [f"/manage/computers/{new.pk}/", f"/w/{valid.number}/", f"/w/{old.number}/", "/w/WPC-00012-4/", "/w/"]
    wrong = [
        fault for n, each in enumerate(paths) for fault in look(staff, each, f"wipes-{n}-{language}", LOOKS[language])
    ]
    assert wrong == []


def test_a_disk_on_a_phone_from_the_form_to_whoever_checks_it(browser: Browser, live_server: Any, admin: User) -> None:
    """Overwrite a flash disk, claim too much, correct that, certify it, take the step in one tap, and check the number."""
    computer = make_computer("received")
    page = visit(browser, live_server, user=admin, width=390, theme="light", language="en")
    page.goto(f"/manage/computers/{computer.pk}/")
    page.get_by_role("link", name="Record a wiped disk").first.click()
    page.get_by_label("Kind of disk").select_option("ssd")
    page.get_by_label("Serial number of the disk").fill("50026B7784C1E02F")
    page.get_by_label("What was done").select_option("overwrite")
    page.get_by_label("Method").select_option("purge")
    page.get_by_label("Program").fill("nwipe")
    page.get_by_label("Start", exact=True).fill("2026-01-05T08:05")
    page.get_by_label("End", exact=True).fill("2026-01-05T09:41")
    page.get_by_label("How it was verified").select_option("full")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("it is Clear at the most")).to_be_visible()
    expect(page.get_by_label("Method")).to_be_focused()
    page.get_by_label("Method").select_option("clear")
    page.get_by_label("Add evidence").set_input_files([{"name": "a.pdf", "mimeType": "x/y", "buffer": PDF}])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Issue the certificate").click()
    page.get_by_role("button", name="Record the wipe").click()
    expect(page.get_by_text("Wiped. The donor gets a mail in 10 minutes.")).to_be_visible()
    number = WipeCertificate.objects.get().number
    anybody = visit(browser, live_server, user=None, width=390, theme="light", language="en")
    anybody.goto(f"/w/{number}/")
    anybody.get_by_label("Serial number of the disk").fill("50026b7784c1e02f")
    anybody.get_by_role("button", name="Check it").click()
    expect(anybody.get_by_text("This serial number is on the certificate: number 1 above.")).to_be_visible()


def test_a_failed_disk_is_certified_once_it_is_destroyed(browser: Browser, live_server: Any, admin: User) -> None:
    computer = make_computer("received")
    wiped(computer, admin, **FAILED)
    page = visit(browser, live_server, user=admin, width=390, theme="light", language="en")
    page.goto(f"/manage/computers/{computer.pk}/")
    expect(page.get_by_role("button", name="Issue the certificate")).to_have_count(0)
    wiped(computer, admin, **DESTROYED)
    page.reload()
    page.get_by_role("button", name="Issue the certificate").click()
    expect(page.get_by_role("heading", name=WipeCertificate.objects.get().number)).to_be_visible()
