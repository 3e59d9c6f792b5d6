"""The desk in a real browser: its pages are sound in each language, and a computer goes its way on a phone, by keyboard alone."""

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect

from accounts.models import User
from nodes import actions
from tests.chromium import in_a_browser
from tests.nodes.donated import make_computer, offered
from tests.pages.test_browser import AXE, faults, look, visit

pytestmark = [
    *in_a_browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("accounts-in-a-browser"),
]
LOOKS = {"es": (360, "light"), "en": (1280, "dark")}


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_on_the_desk(browser: Browser, live_server: Any, admin: User, language: str) -> None:
    width, theme = LOOKS[language]
    page = visit(browser, live_server, user=admin, width=width, theme=theme, language=language, axe=True)
    wrong = look(page, "/manage/computers/", f"desk-empty-{language}", LOOKS[language])
    offer, here = offered("Dell OptiPlex 780", "HP 6000", message="Second floor"), make_computer("accepted")
    actions.step(computers=[here], name="receive", by=admin, grams=8400, note="Its fan is loud.")
    computers = [offer.computers.earliest("pk"), here, make_computer("waiting"), make_computer("recycled")]
    paths = [f"/manage/computers/{computer.pk}/" for computer in computers]
    paths += ["/manage/computers/", "/manage/computers/?q=MNG-00127-5", f"/manage/donations/{offer.pk}/"]
    half = offered(*["HP 6000"] * 4)
    half.computers.update(state="received")
    half.computers.filter(pk=half.computers.latest("pk").pk).update(state="wiped")
    paths += [f"/manage/donations/{half.pk}/", f"/manage/donations/{half.pk}/donor/"]
    for path in [*paths, f"{paths[0]}facts/"]:
        wrong += look(page, path, f"desk-{path.strip('/?').replace('/', '-')}-{language}", LOOKS[language])
    page.goto(f"/manage/donations/{half.pk}/")
    for summary in page.locator("#main details > summary").all():
        summary.evaluate("each => each.parentElement.open = true")
    wrong += faults(page, f"desk-together-open-{language}", LOOKS[language])
    page.goto(paths[1])
    for summary in page.locator("#main details > summary").all():
        summary.evaluate("each => each.parentElement.open = true")
    assert wrong + faults(page, f"desk-open-{language}", LOOKS[language]) == []


def test_a_computer_comes_in_on_a_phone(browser: Browser, live_server: Any, admin: User) -> None:
    """Receive it by the thumb's button and undo that, without scripts: in a cellar they may not arrive."""
    computer = make_computer("accepted")
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, base_url=live_server.url, java_script_enabled=False
    )
    client = Client()
    client.force_login(admin)
    cookies = {"sessionid": client.cookies["sessionid"].value, "django_language": "en"}
    context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
    page = context.new_page()
    page.goto("/manage/computers/")
    page.get_by_label("Search").fill(computer.number)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/manage/computers/{computer.pk}/")  # and for its style sheets: the button is measured below
    page.get_by_label("Weight in kg").fill("8,4")
    button = page.get_by_role("button", name="Record that it is here")
    box = button.bounding_box()
    assert box is not None
    assert (box["y"] > 844 / 2, box["height"] >= 44, box["width"] > 300) == (True, True, True)  # where the thumb is
    page.keyboard.press("Enter")
    expect(page.get_by_text("Received, 8.4 kg. The donor gets a mail in 10 minutes.")).to_be_visible()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text("Taken back. The donor gets no mail about it.")).to_be_visible()
    computer.refresh_from_db()
    assert (computer.state, computer.grams) == ("accepted", None)
    context.close()


def test_a_long_form_is_not_hidden_behind_the_thumb_s_button(browser: Browser, live_server: Any, admin: User) -> None:
    computer = make_computer("received")
    page = visit(browser, live_server, user=admin, width=390, theme="light", language="en")
    page.goto(f"/manage/computers/{computer.pk}/")
    page.get_by_text("Something else happened").click()
    page.get_by_text("Hand it to recycling…").click()
    button = page.get_by_role("button", name="Hand it to recycling", exact=True)
    button.focus()
    bar, box = page.locator(".actionbar").first.bounding_box(), button.bounding_box()
    assert bar is not None
    assert box is not None
    assert box["y"] + box["height"] <= bar["y"]
