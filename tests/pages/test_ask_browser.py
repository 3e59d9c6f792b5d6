"""A question in a real browser, on a phone and beside it: the banner, the page of a link, and the answer."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from machines.idle import links, questions
from machines.models import Answer, Hold, Question
from tests.chromium import in_a_browser
from tests.machines.idle.asked import asked, told, visited
from tests.pages.test_browser import AXE, look, visit

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("questions-in-a-browser")]


@pytest.fixture
def ask(transactional_db: None) -> Question:
    """A question about a machine with a long name; its admin sees every page."""
    admin = User.objects.create_user(username="admin", password="minga", roles=["admin"], language="es")
    return told(asked(visited(admin, name="vizcacha-with-a-rather-long-name-that-wraps")))


def link(ask: Question, choice: str) -> str:
    return f"/asks/{links.token(ask, choice)}/"


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize(
    ("language", "looks"), [("es", [(360, "light")]), ("en", [(1280, "light"), (360, "dark")])], ids=["es", "en"]
)
def test_its_pages_are_sound(
    browser: Browser, live_server: Any, ask: Question, language: str, looks: list[tuple[int, str]]
) -> None:
    (width, theme), *_others = looks
    User.objects.update(language=language)
    out = visit(browser, live_server, user=None, width=width, theme=theme, language=language, axe=True)
    wrong = [
        w
        for choice in ("more", "job", "done")
        for w in look(out, link(ask, choice), f"link-{choice}-{language}", *looks)
    ]
    wrong += look(out, "/asks/x/", f"link-forged-{language}", *looks)
    page = visit(browser, live_server, user=ask.machine.owner, width=width, theme=theme, language=language, axe=True)
    for path in ("/", f"/machines/{ask.machine_id}/", "/manage/questions/", f"/asks/{ask.pk}/job/"):
        wrong += look(page, path, f"ask{path.replace('/', '-')}{language}", *looks)
    assert wrong == []


def test_a_tap_on_the_page_of_a_link_answers_without_signing_in(
    browser: Browser, live_server: Any, ask: Question
) -> None:
    page = visit(browser, live_server, user=None, width=360, theme="light", language="es")
    page.goto(link(ask, "more"))
    assert not Answer.objects.exists()
    page.get_by_role("button", name="2 h más").click()
    page.get_by_role("heading", name="Hecho").wait_for()
    assert Answer.objects.get().choice == "more"


def test_a_long_job_is_announced_on_a_phone(browser: Browser, live_server: Any, ask: Question) -> None:
    page = visit(browser, live_server, user=None, width=360, theme="light", language="es")
    page.goto(link(ask, "job"))
    hour = (timezone.localtime().hour + 3) % 24
    page.locator("#until").fill(f"{hour:02}:30")
    page.locator("main button").click()
    page.get_by_role("heading", name="Hecho").wait_for()
    assert Hold.objects.get().kind == "job"


def test_one_tap_in_the_banner_answers(browser: Browser, live_server: Any, ask: Question) -> None:
    page = visit(browser, live_server, user=ask.machine.owner, width=360, theme="light", language="es")
    page.goto("/keys/")
    page.locator(f"#ask-{ask.pk} button").first.click()
    expect(page.locator(f"#ask-{ask.pk}")).to_have_count(0)
    assert Answer.objects.get().by == ask.machine.owner


def test_the_time_that_is_left_is_counted_down(browser: Browser, live_server: Any, ask: Question) -> None:
    page = visit(browser, live_server, user=ask.machine.owner, width=390, theme="light", language="en")
    page.goto("/")
    timer = page.locator(f"#card-{ask.machine_id} [role=timer]")
    timer.get_by_text("It goes to sleep in 14\u00a0min.").wait_for()
    soon = "timer => { const later = timer.cloneNode(true); later.dataset.left = 3; timer.replaceWith(later); }"
    timer.evaluate(soon)
    page.get_by_text("It goes to sleep any moment now.").wait_for()


def test_the_sites_zone_gives_way_to_the_browsers(browser: Browser, live_server: Any, ask: Question) -> None:
    page = browser.new_context(base_url=live_server.url, timezone_id="America/La_Paz").new_page()
    page.goto("/accounts/login/")
    page.locator("#id_login").fill("admin")
    page.locator("#id_password").fill("minga")
    page.locator("main button.main").click()
    page.wait_for_url(f"{live_server.url}/manage/")  # an administrator's home
    assert User.objects.get().browser_time_zone == "America/La_Paz"


def test_it_works_without_javascript(browser: Browser, live_server: Any, ask: Question) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(link(ask, "sleep"))
    page.locator("main button").click()
    page.get_by_role("heading", name="Hecho").wait_for()
    assert Answer.objects.get().choice == "sleep"


def test_a_question_comes_to_an_open_page_and_goes_from_it(browser: Browser, live_server: Any, ask: Question) -> None:
    questions.close(question=ask, outcome=Question.Outcome.OVER, now=timezone.now())
    page = visit(browser, live_server, user=ask.machine.owner, width=360, theme="light", language="en")
    page.goto(f"/machines/{ask.machine_id}/")
    assert page.locator("#questions .note").count() == 0
    again = asked(ask.machine)
    comes_back_to_the_tab(page)
    page.locator(f"#ask-{again.pk} [role=timer]").get_by_text("It goes to sleep in 14\u00a0min.").wait_for()
    questions.close(question=again, outcome=Question.Outcome.ACTIVE, now=timezone.now())
    comes_back_to_the_tab(page)
    page.locator(f"#ask-{again.pk}").wait_for(state="detached")


def comes_back_to_the_tab(page: Page) -> None:
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
