"""Buttons of a machine on a slow line, with the keyboard, when they are refused and when nothing answers."""

import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route, expect

from accounts.actions import make_key
from accounts.models import User
from machines import actions
from machines.models import KeyChange, Machine, Question
from tests.chromium import in_a_browser
from tests.factories import make_machine
from tests.machines.idle.asked import asked, visited
from tests.pages.test_browser import AXE, faults, visit
from tests.waiting import until
from tunnels.models import Tunnel

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]


@pytest.fixture
def machine(student: User) -> Machine:
    return make_machine(student, name="condor")


@pytest.fixture
def page(browser: Browser, live_server: Any, machine: Machine) -> Page:
    return visit(browser, live_server, user=machine.owner, width=390, theme="light", language="en")


class Line:
    """The line to the server: what is pressed waits on it until it is let through."""

    def __init__(self, page: Page, path: str) -> None:
        self.page, self.held = page, list[Route]()
        page.route(path, lambda route: self.held.append(route))

    def let_through(self) -> None:
        # What was pressed looks so before it is sent.
        until(lambda: self.held or self.page.wait_for_timeout(20), "something was sent")
        self.held.pop().continue_()


def state_word(page: Page) -> Any:
    return expect(page.locator("#live .word, .card .word").first)


def test_a_press_answers_before_the_server_does(page: Page, machine: Machine) -> None:
    page.goto(f"/machines/{machine.pk}/")
    page.evaluate("window.stays = true")
    line = Line(page, "**/suspend/")
    page.locator("#do-suspend").focus()
    page.keyboard.press("Enter")
    state_word(page).to_have_text("Going to sleep …")
    expect(page.locator("#do-suspend")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#said")).to_have_text("Going to sleep")
    line.let_through()
    expect(page.locator("#do-suspend")).to_have_count(0)
    expect(page.locator("#state")).to_be_focused()
    assert page.evaluate("window.stays")
    machine.refresh_from_db()
    assert machine.wanted == "suspended"


def test_on_a_card_too(page: Page, machine: Machine) -> None:
    page.goto("/")
    page.evaluate("window.stays = true")
    line = Line(page, "**/suspend/")
    page.locator(f"#act-{machine.pk}").click()
    state_word(page).to_have_text("Going to sleep …")
    line.let_through()
    expect(page.locator(f"#act-{machine.pk}")).not_to_contain_text("Put to sleep")
    assert page.evaluate("window.stays")


def test_a_refusal_is_said_without_leaving_the_page(page: Page, machine: Machine) -> None:
    page.goto(f"/machines/{machine.pk}/")
    Machine.objects.update(state="failed", wanted="running")
    page.locator("#do-suspend").click()
    expect(page.locator("#notes [role=alert]")).to_be_visible()
    expect(page.locator("#live")).to_have_attribute("data-state", "failed")


def test_a_refusal_on_a_card_is_shown_too(page: Page, machine: Machine) -> None:
    page.goto("/")
    Machine.objects.update(state="failed", wanted="running")
    page.locator(f"#act-{machine.pk}").click()
    expect(page.locator("#notes [role=alert]")).to_be_visible()
    expect(page.locator("#machine-name")).to_have_text("condor")
    expect(page.locator("#state")).to_be_focused()


@pytest.mark.parametrize("tab", ["ports", "history", "settings"])
def test_who_presses_on_a_tab_stays_on_it(page: Page, machine: Machine, tab: str) -> None:
    page.goto(f"/machines/{machine.pk}/{tab}/")
    page.locator("#do-suspend").click()
    expect(page.locator("#do-suspend")).to_have_count(0)
    expect(page.locator(f"#tab-{tab}")).to_have_attribute("aria-current", "page")


def test_a_key_is_put_in_without_leaving_the_page(page: Page, machine: Machine) -> None:
    key = make_key(owner=machine.owner, name="tablet", by=machine.owner)[0]
    page.goto(f"/machines/{machine.pk}/")
    page.evaluate("window.stays = true")
    line = Line(page, "**/keys/put/")
    page.locator(f"#put-{key.pk}").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#put-{key.pk}")).to_have_attribute("aria-busy", "true")
    state_word(page).to_have_text("Running")  # nothing else was asked of the machine
    line.let_through()
    expect(page.locator("[aria-busy]")).to_have_count(0)
    assert page.evaluate("window.stays")
    assert KeyChange.objects.filter(key=key).exists()


def test_a_port_is_closed_without_leaving_the_page(page: Page, machine: Machine) -> None:
    tunnel = actions.open_port(machine=machine, port=8080, scheme="http", by=machine.owner)
    page.goto(f"/machines/{machine.pk}/ports/")
    page.evaluate("window.stays = true")
    page.locator(f"#close-{tunnel.port}").click()
    expect(page.locator(f"#close-{tunnel.port}")).to_have_count(0)
    expect(page.locator("#notes .note[role=status]").first).to_be_visible()
    assert page.evaluate("window.stays")


@pytest.mark.parametrize("on_card", [True, False])
def test_a_question_is_answered_without_leaving_the_page(page: Page, student: User, on_card: bool) -> None:
    question = asked(visited(student, name="puma"))
    page.goto("/" if on_card else f"/machines/{question.machine_id}/ports/")
    page.evaluate("window.stays = true")
    page.locator(f"#say-{question.pk}-more").click()
    expect(page.locator(f"#ask-{question.pk}")).to_have_count(0)
    expect(page.locator("#notes .note.tone-on")).to_be_visible()
    assert page.evaluate("window.stays")
    if not on_card:
        expect(page.locator("#tab-ports")).to_have_attribute("aria-current", "page")


@pytest.mark.parametrize("path", ["/keys/", "/requests/", "/launch/"])
def test_a_question_is_answered_on_any_page_without_leaving_it(page: Page, student: User, path: str) -> None:
    question = asked(visited(student, name="puma"))
    page.goto(path)
    page.evaluate("window.stays = true")
    line = Line(page, "**/asks/**")
    button = page.locator(f"#say-{question.pk}-more")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-busy", "true")
    line.let_through()
    expect(button).to_have_count(0)
    expect(page.locator("#notes .note.tone-on")).to_be_visible()
    expect(page.locator("#notes")).to_be_focused()
    assert page.evaluate("window.stays")
    assert page.url.endswith(path)


def test_an_answer_that_comes_too_late_is_said_on_any_page(page: Page, student: User) -> None:
    question = asked(visited(student, name="puma"))
    page.goto("/keys/")
    Question.objects.update(closed_at=timezone.now(), outcome="over")
    page.locator(f"#say-{question.pk}-more").click()
    expect(page.locator(f"#say-{question.pk}-more")).to_have_count(0)
    expect(page.locator("#main")).to_be_focused()


def test_a_name_is_changed_without_leaving_the_page(page: Page, machine: Machine) -> None:
    make_machine(machine.owner, name="taken")
    page.goto(f"/machines/{machine.pk}/settings/")
    page.evaluate("window.stays = true")
    field = page.locator("#rename [name=name]")
    field.fill("taken")
    page.locator("#rename button").click()
    expect(page.locator("#rename [role=alert]")).to_be_visible()
    expect(field).to_be_focused()
    line = Line(page, "**/rename/")
    field.fill("puma")
    page.locator("#rename button").click()
    expect(page.locator("#rename button")).to_have_attribute("aria-busy", "true")
    line.let_through()
    expect(page.locator("#machine-name")).to_have_text("puma")
    expect(field).to_have_value("puma")
    assert page.evaluate("window.stays")


def test_a_port_is_opened_without_leaving_the_page(page: Page, machine: Machine) -> None:
    page.goto(f"/machines/{machine.pk}/ports/")
    page.evaluate("window.stays = true")
    field = page.locator("#one-more [name=port]")
    field.fill("22")
    page.locator("#one-more button").click()
    expect(page.locator("#one-more [role=alert]")).to_be_visible()
    expect(field).to_be_focused()
    field.fill("8080")
    page.locator("#one-more button").click()
    expect(page.locator("#notes .note[role=status]").first).to_be_visible()
    expect(field).to_have_value("")
    tunnel = Tunnel.objects.get(target_port=8080)
    expect(page.locator(f"#close-{tunnel.port}")).to_be_visible()
    assert page.evaluate("window.stays")


def test_a_form_that_leads_to_a_page_is_busy_until_then(page: Page, machine: Machine) -> None:
    page.goto(f"/machines/{machine.pk}/settings/")
    # Playwright cannot look at a page that is being left: the page itself notes what it showed.
    page.evaluate("addEventListener('submit', (e) => { sessionStorage.seen = e.submitter.getAttribute('aria-busy'); })")
    page.locator("#user-menu").click()
    page.locator("[name=language]").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    assert page.evaluate("sessionStorage.seen") == "true"
    expect(page.locator("[aria-busy]")).to_have_count(0)


def test_where_nothing_answers_it_is_as_before_and_can_be_pressed_again(page: Page, machine: Machine) -> None:
    page.goto(f"/machines/{machine.pk}/")
    page.route("**/suspend/", lambda route: route.abort())
    page.locator("#do-suspend").click()
    state_word(page).to_have_text("Running")
    expect(page.locator("#do-suspend")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#offline")).to_be_visible()
    page.unroute("**/suspend/")
    page.locator("#do-suspend").click()
    expect(page.locator("#do-suspend")).to_have_count(0)


def test_who_was_signed_out_meanwhile_signs_in_and_comes_back(page: Page, machine: Machine) -> None:
    page.goto(f"/machines/{machine.pk}/")
    page.context.clear_cookies()
    page.locator("#do-suspend").click()
    page.wait_for_url(re.compile("/login/"))
    machine.refresh_from_db()
    assert machine.wanted == "running"


def test_the_menu_works_with_the_keyboard_and_closes(page: Page, machine: Machine) -> None:
    page.goto(f"/machines/{machine.pk}/")
    page.locator("#more").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#do-restart")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#do-restart")).to_be_hidden()
    expect(page.locator("#more")).to_be_focused()
    page.locator("#more").click()
    page.locator("#machine-name").click()
    expect(page.locator("#do-restart")).to_be_hidden()


@pytest.mark.parametrize("language", ["en", "es"])
def test_on_a_phone_the_line_to_copy_is_seen_without_scrolling(
    browser: Browser, live_server: Any, student: User, language: str
) -> None:
    machine = visited(student, name="condor")
    page = visit(browser, live_server, user=student, width=390, theme="light", language=language)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/machines/{machine.pk}/")
    below = page.locator("nav.tabs").bounding_box()
    for seen in ("#machine-name", "#state", "#copy-ssh", "#why", "#access-title", "#ssh"):
        box = page.locator(seen).bounding_box()
        assert box
        assert below
        assert box["y"] + box["height"] < below["y"], seen


@pytest.mark.parametrize("language", ["en", "es"])
def test_on_a_phone_tabs_and_menu_can_be_reached(
    browser: Browser, live_server: Any, machine: Machine, language: str
) -> None:
    page = visit(browser, live_server, user=machine.owner, width=360, theme="light", language=language)
    page.goto(f"/machines/{machine.pk}/history/")
    assert page.evaluate("(tabs => tabs.scrollWidth <= tabs.clientWidth)(document.querySelector('.page-tabs'))")
    page.locator("#more").click()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    menu, below = page.locator(".menu ul").bounding_box(), page.locator("nav.tabs").bounding_box()
    assert menu
    assert below
    assert menu["y"] + menu["height"] <= below["y"]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize(("width", "theme", "language"), [(360, "dark", "es"), (1280, "light", "en")])
def test_the_tabs_and_the_menu_are_sound(
    browser: Browser, live_server: Any, machine: Machine, width: int, theme: str, language: str
) -> None:
    page = visit(browser, live_server, user=machine.owner, width=width, theme=theme, language=language, axe=True)
    wrong = []
    for tab in ("", "ports/", "history/", "settings/"):
        page.goto(f"/machines/{machine.pk}/{tab}")
        page.locator("#more").click()
        wrong += faults(page, f"machine-{tab}{language}", (width, theme))
    assert wrong == []
