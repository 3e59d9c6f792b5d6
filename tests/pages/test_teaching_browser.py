"""A teacher at a student's machine, and the frame of the pages, in a browser."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from machines.models import Hold, Machine
from tests.chromium import in_a_browser
from tests.factories import make_machine, make_template
from tests.machines.idle.asked import asked, visited
from tests.pages.test_browser import AXE, TOO_WIDE, look, visit

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
WHERE_ONE_IS = """() => { const box = document.querySelector('.area [aria-current]').getBoundingClientRect();
  return box.left >= 0 && box.right <= innerWidth }"""


@pytest.fixture
def machine(student: User, teacher: User) -> Machine:
    make_template(created_by=teacher)
    return make_machine(student, name="condor", state="suspended")


@pytest.fixture
def page(browser: Browser, live_server: Any, machine: Machine, teacher: User) -> Page:
    return visit(browser, live_server, user=teacher, width=390, theme="light", language="en")


def test_a_teacher_wakes_a_students_machine_and_keeps_it_awake_and_the_student_reads_that(
    page: Page, browser: Browser, live_server: Any, machine: Machine
) -> None:
    page.goto("/teaching/")
    page.get_by_role("link", name="condor").click()
    page.wait_for_url("**/teaching/machines/*/")
    page.evaluate("window.stays = true")
    page.locator("#do-wake").click()
    expect(page.locator("#do-wake")).to_have_count(0)
    assert page.evaluate("window.stays")
    Machine.objects.update(state="running")
    page.reload()
    expect(page.locator("a[href$='/delete/'], #ssh, #copy-ssh, #more")).to_have_count(0)
    page.locator("#until").fill("23:59")
    page.get_by_role("button", name="Keep awake").click()
    expect(page.locator("#notes .note.tone-on")).to_contain_text("stays on until")
    assert Hold.objects.get().machine == machine
    theirs = visit(browser, live_server, user=machine.owner, width=390, theme="light", language="en")
    theirs.goto(f"/machines/{machine.pk}/history/")
    expect(theirs.locator(".timeline")).to_contain_text("Asked to wake up.")
    expect(theirs.locator(".timeline li", has_text="Kept awake until")).to_contain_text("teacher")


# ---- the frame ----


def test_the_user_menu_opens_and_closes_with_the_keyboard(page: Page) -> None:
    page.goto("/keys/")
    page.locator("#user-menu").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".usermenu .sheet")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".usermenu a[href='/account/']")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".usermenu .sheet")).to_be_hidden()
    expect(page.locator("#user-menu")).to_be_focused()


def test_a_press_elsewhere_closes_the_user_menu(page: Page) -> None:
    page.goto("/keys/")
    page.locator("#user-menu").click()
    page.mouse.click(20, 500)
    expect(page.locator(".usermenu .sheet")).to_be_hidden()


def test_without_a_script_the_menu_changes_language_and_theme_and_leads_out(
    browser: Browser, live_server: Any, student: User
) -> None:
    with_cookies = visit(browser, live_server, user=student, width=390, theme="light", language="en")
    context = browser.new_context(
        java_script_enabled=False, base_url=live_server.url, storage_state=with_cookies.context.storage_state()
    )
    page = context.new_page()
    page.goto("/keys/")
    for button, attribute, value in (("Light or dark", "data-theme", "dark"), ("Español", "lang", "es")):
        page.locator("#user-menu").click()
        page.get_by_role("button", name=button).click()
        expect(page.locator("html")).to_have_attribute(attribute, value)
    page.locator("#user-menu").click()
    page.get_by_role("button", name="Cerrar sesión").click()
    expect(page).to_have_url(f"{live_server.url}/accounts/login/")


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_frame_fits_every_width_and_shows_where_one_is(
    browser: Browser, live_server: Any, admin: User, language: str
) -> None:
    admin.roles = ["admin", "teacher", "donor"]
    admin.save()
    page = visit(browser, live_server, user=admin, width=320, theme="light", language=language)
    for width in (320, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto("/manage/terms/")  # the last of its row
        assert page.evaluate(TOO_WIDE) <= 0, width
        assert page.evaluate(WHERE_ONE_IS), width
        heights = page.locator(".tabs a:visible").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().height)"
        )
        assert max(heights) < 80, (width, heights)
        if width == 1280:
            assert page.locator(".area").evaluate("row => row.offsetHeight") < 60, "it takes two lines"
        page.locator("#user-menu").click()
        box = page.locator(".usermenu .sheet").bounding_box()
        assert box
        assert box["x"] >= 0, width
        assert box["x"] + box["width"] <= width, width


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize(("width", "theme", "language"), [(360, "dark", "es"), (1280, "light", "en")])
def test_a_teachers_pages_are_sound(
    browser: Browser, live_server: Any, machine: Machine, teacher: User, width: int, theme: str, language: str
) -> None:
    asked(visited(machine.owner, name="puma"))
    page = visit(browser, live_server, user=teacher, width=width, theme=theme, language=language, axe=True)
    wrong = []
    for path in ("/teaching/", f"/teaching/machines/{machine.pk}/", "/manage/questions/"):
        wrong += look(page, path, f"{path.strip('/').replace('/', '-')}-{language}", (width, theme))
    page.locator("#user-menu").click()
    assert wrong == []
