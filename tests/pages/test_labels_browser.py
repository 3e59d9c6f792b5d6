"""Labels in a real browser: from the phone's camera to the next step, a number that is checked while typed, and sound pages."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from tests.chromium import in_a_browser
from tests.nodes.donated import make_computer, stepped
from tests.nodes.printing.printed import codes
from tests.pages.test_browser import AXE, look, visit

pytestmark = [
    *in_a_browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("accounts-in-a-browser"),
]
LOOKS = {"es": (390, "dark"), "en": (1280, "light")}
MISFIT = "The last digit does not fit: check MNG-00127-?"


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing(browser: Browser, live_server: Any, admin: User, settings: Any, language: str) -> None:
    settings.DONATIONS_EMAIL = "give@example.org"
    width, theme = LOOKS[language]
    computer = make_computer("in_service")
    staff = visit(browser, live_server, user=admin, width=width, theme=theme, language=language, axe=True)
    paths = [f"/manage/computers/labels/?computer={computer.pk}", "/manage/computers/", f"/c/{computer.number}/"]
    paths.append(f"/manage/computers/labels/print/?computer={computer.pk}&paper=x&begin=99&right=far")
    wrong = [
        fault for n, path in enumerate(paths) for fault in look(staff, path, f"labels-{n}-{language}", LOOKS[language])
    ]
    anybody = visit(browser, live_server, user=None, width=width, theme=theme, language=language, axe=True)
    for n, path in enumerate((f"/c/{computer.number}/", "/c/MNG-00127-5/", f"/c/{make_computer('offered').number}/")):
        wrong += look(anybody, path, f"public-computer-{n}-{language}", LOOKS[language])
    assert wrong == []


def test_from_the_camera_to_the_next_step(browser: Browser, live_server: Any, admin: User, settings: Any) -> None:
    """Print a label, read its code as a phone does, open its address, and take the step: signed in, on a phone."""
    settings.PORTAL_URL = live_server.url
    computer = stepped(make_computer("accepted"), "receive", by=admin)
    page = visit(browser, live_server, user=admin, width=390, theme="light", language="en")
    page.goto(f"/manage/computers/{computer.pk}/")
    page.get_by_role("link", name="Print its labels").click()
    page.get_by_label("Paper").select_option("roll")
    form = page.locator("form[action$='/print/']")
    query = form.evaluate("form => new URLSearchParams(new FormData(form)).toString()")
    printed = page.request.get(f"/manage/computers/labels/print/?{query}").body()
    page.goto(codes(printed)[0].text)
    page.get_by_role("link", name="Open it", exact=True).click()
    page.get_by_label("Its disks").select_option("without")
    page.get_by_role("button", name="Record the wipe").click()
    expect(page.get_by_text("Wiped. The donor gets a mail in 10 minutes.")).to_be_visible()


def typed(page: Page, text: str) -> Any:
    field = page.get_by_label("Search")
    field.fill("")
    field.press_sequentially(text)
    return page.get_by_text(MISFIT)


def test_a_number_is_checked_while_it_is_typed(browser: Browser, live_server: Any, admin: User) -> None:
    make_computer("received")
    page = visit(browser, live_server, user=admin, width=390, theme="light", language="en")
    page.goto("/manage/computers/")
    for wrong in ("MNG-00127-5", "mng 00127 5", "001275", "mng001275"):
        expect(typed(page, wrong)).to_be_visible()
    for right in ("MNG-00127-4", "00127 4", "780", "MNG-0012", "OptiPlex 7802"):
        expect(typed(page, right)).to_be_hidden()
    page.get_by_label("Search").fill("MNG-00127-5")
    page.get_by_label("Search").press("Enter")
    expect(page.get_by_role("alert").get_by_text(MISFIT)).to_be_visible()  # the server's sentence is the same


def test_the_number_of_who_gets_parts_is_checked_too(browser: Browser, live_server: Any, admin: User) -> None:
    computer = make_computer("received")
    page = visit(browser, live_server, user=admin, width=390, theme="light", language="en")
    page.goto(f"/manage/computers/{computer.pk}/")
    page.get_by_text("Something else happened").click()
    page.get_by_text("Use it for parts…").click()
    field = page.get_by_label("Number of the computer that gets them")
    field.fill("1275")
    expect(page.get_by_text(MISFIT)).to_be_hidden()  # more may come
    field.blur()
    expect(page.get_by_text(MISFIT)).to_be_visible()
    field.fill("1274")
    expect(page.get_by_text(MISFIT)).to_be_hidden()
