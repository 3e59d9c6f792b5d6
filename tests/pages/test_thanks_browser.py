"""Pages on which donors choose what others see of them, in a real browser: sound in each language and theme."""

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect

from accounts.donors import donor_links
from accounts.models import User
from nodes.sharing import share_picture
from nodes.teams import team
from nodes.thanks import wall
from tests.chromium import in_a_browser
from tests.nodes.donated import donor_of, make_computer
from tests.nodes.test_team import token
from tests.pages.test_browser import AXE, faults, look, visit

pytestmark = [
    *in_a_browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("accounts-in-a-browser"),
]
LOOKS = {"es": (390, "light"), "en": (1280, "dark")}
WORDS = (
    "Colegio Mejía, 6.º B",
    "Łukasz Gałązka",
    "أصدقاء منغا",
    "In memory of Rosa, who never threw anything away",
    "USFQ",
)


def some_stand() -> None:
    for n, words in enumerate((*WORDS, "")):
        donor = make_computer("in_service", donor=donor_of(f"d{n}@example.org")).donation.donor
        wall.stand(donor=donor, text=words)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_on_the_wall(browser: Browser, live_server: Any, admin: User, language: str) -> None:
    width, theme = LOOKS[language]
    page = visit(browser, live_server, user=admin, width=width, theme=theme, language=language, axe=True)
    wrong = look(page, "/thanks/", f"wall-empty-{language}", LOOKS[language])
    some_stand()
    make_computer("in_service", donor=donor_of(user=admin))
    row = wall.with_words()[0]
    for path in ("/thanks/", "/manage/thanks/", f"/manage/thanks/{row.pk}/", "/donating/thanks/", "/donating/"):
        wrong += look(page, path, f"wall-{path.strip('/').replace('/', '-')}-{language}", LOOKS[language])
    page.goto("/donating/thanks/")
    page.locator("input[value=text]").check()
    page.locator("#id_text").fill(WORDS[0])
    page.locator("#main form button").first.click()
    expect(page.locator(".thanked")).to_have_text(WORDS[0])
    assert wrong + faults(page, f"wall-preview-{language}", LOOKS[language]) == []


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_on_pages_of_a_team(browser: Browser, live_server: Any, student: User, language: str) -> None:
    width, theme = LOOKS[language]
    page = visit(browser, live_server, user=student, width=width, theme=theme, language=language, axe=True)
    school = make_computer("in_service", donor=donor_of("school@example.org")).donation.donor
    row = team.invite(donor=school, email="ana.lucia@example.org", address="")
    wrong = look(page, f"/team/join/{token(row)}/", f"team-join-{language}", LOOKS[language])
    school.team.create(user=student)
    paths = {
        "of-donor": f"/given/{donor_links.token(school)}/team/",
        "seen": f"/team/{school.pk}/",
        "home": "/donating/",
    }
    for name, path in {**paths, "ended": "/team/join/x/"}.items():
        wrong += look(page, path, f"team-{name}-{language}", LOOKS[language])
    assert wrong == []


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_on_pages_of_a_picture(browser: Browser, live_server: Any, language: str) -> None:
    width, theme = LOOKS[language]
    page = visit(browser, live_server, user=None, width=width, theme=theme, language=language, axe=True)
    donor = make_computer("in_service").donation.donor
    wall.stand(donor=donor, text=WORDS[0])
    own = f"/given/{donor_links.token(donor)}/picture/"
    wrong = look(page, own, f"picture-none-{language}", LOOKS[language])
    page.locator("input[name=words]").check()
    page.locator("#main button.main").click()
    expect(page.locator("#main img.shared")).to_be_visible()
    wrong += faults(page, f"picture-own-{language}", LOOKS[language])
    row = share_picture.of_donor(donor)
    assert row
    assert wrong + look(page, f"/shared/{row.key}/", f"picture-shared-{language}", LOOKS[language]) == []


def test_a_donor_stands_there_and_leaves_by_keyboard_without_scripts(browser: Browser, live_server: Any) -> None:
    donor = make_computer("in_service").donation.donor
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, base_url=live_server.url, java_script_enabled=False, locale="en"
    )
    page = context.new_page()
    page.goto(f"/given/{donor_links.token(donor)}/")
    page.get_by_role("link", name="The wall of thanks").press("Enter")
    page.get_by_label("With these words").check()
    page.get_by_label("Your words").fill("A school")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="I agree").press("Enter")
    expect(page.get_by_text("Your words stand on the wall of thanks now.")).to_be_visible()
    assert b"A school" in Client().get("/thanks/").content
    page.get_by_label("Not there").check()
    page.get_by_role("button", name="Go on").press("Enter")
    expect(page.get_by_text("You are not on the wall of thanks.")).to_be_visible()
    assert b"A school" not in Client().get("/thanks/").content
    context.close()
