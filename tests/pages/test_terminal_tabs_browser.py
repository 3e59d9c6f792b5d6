"""The tabs on the page of a terminal: opened, named, gone along by keyboard, closed."""

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import in_a_browser
from tests.pages.shell_server import ShellServer
from tests.pages.test_terminal_browser import machine as machine
from tests.pages.test_terminal_browser import page as page
from tests.pages.test_terminal_browser import says, typed
from tests.pages.test_terminal_browser import shells as shells
from tests.waiting import until

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]


def test_a_title_stays_in_its_tab_without_tags_and_short(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.visit().show(f"\x1b]0;<b>x\u202e</b>{'y' * 100}\x07")
    expect(page.locator("#shell-tabs bdi")).to_have_text(f"1 <b>x</b>{'y' * 22}")
    assert page.title() == "Terminal de condor · Minga"


def test_a_second_tab_is_a_shell_of_its_own(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    page.get_by_role("button", name="Otra terminal").click()
    shells.visit(2).show("dos")
    expect(page.locator(".shell-place:visible")).to_contain_text("dos")
    assert [each.name for each in shells.visits] == ["1", "2"]


def test_a_terminal_is_closed_after_a_question_and_the_last_one_can_be_opened_anew(
    page: Page, shells: ShellServer
) -> None:
    says(page, "Conectada")
    page.locator("#shell-menu > summary").click()
    page.get_by_role("button", name="Cerrar esta terminal").click()
    page.get_by_role("button", name="Cerrarla").click()
    until(lambda: {"type": "close"} in shells.visit().frames, "it was asked to end")
    shells.visit().end(4000)
    says(page, "Cerrada")
    expect(page.locator(".shut")).to_be_hidden()
    page.get_by_role("button", name="Abrir una nueva").click()
    says(page, "Conectada")


def test_a_tab_whose_shell_may_go_on_stays_and_says_so(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.visit().say(type="names", names=["1", "2"])
    page.get_by_title("Cerrar").last.click()
    page.get_by_role("button", name="Cerrarla").click()
    until(lambda: {"type": "close"} in shells.visit(2).frames, "it was asked to end")
    shells.visit(2).say(type="end", code="unclosed", text="Puede seguir allí.", again=False)
    shells.visit(2).end(4000)
    expect(page.locator("#line-note")).to_contain_text("Puede seguir allí.")
    expect(page.get_by_role("tab", selected=True)).to_contain_text("Terminal 2")
    page.get_by_title("Cerrar").last.click()
    expect(page.get_by_role("tab")).to_have_text(["Terminal 1×"])


def test_a_tab_s_cross_closes_its_terminal_also_one_that_another_window_opened(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.visit().say(type="names", names=["1", "2"])
    page.get_by_title("Cerrar").last.click()
    expect(page.locator("#close-ask h2")).to_have_text("¿Cerrar la terminal 2?")
    page.get_by_role("button", name="Cerrarla").click()
    until(lambda: {"type": "close"} in shells.visit(2).frames, "it was asked to end")
    shells.visit(2).end(4000)
    expect(page.get_by_role("tab")).to_have_text(["Terminal 1×"])
    assert {"type": "close"} not in shells.visit().frames


def test_a_terminal_that_is_refused_leaves_its_tab_without_a_question(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.opens = False
    page.get_by_role("button", name="Otra terminal").click()
    shells.visit(2).end(4008, "Tienes 8.")
    says(page, "Sin conexión")
    page.get_by_title("Cerrar").last.click()
    says(page, "Conectada")
    expect(page.get_by_role("tab", selected=True)).to_have_text("Terminal 1×")


def test_a_terminal_that_could_not_be_closed_and_is_opened_again_stays(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.opens = False
    shells.visit().end(1011)
    says(page, "Conectando…")
    page.locator("#shell-menu > summary").click()
    page.get_by_role("button", name="Cerrar esta terminal").click()
    page.get_by_role("button", name="Cerrarla").click()
    shells.visit(2).end(4004, "No se pudo abrir.")
    says(page, "Sin conexión")
    shells.opens = True
    page.get_by_role("button", name="Intentar de nuevo").click()
    says(page, "Conectada")
    page.keyboard.type("a")
    typed(shells, b"a", 3)
    assert {"type": "close"} not in shells.visit(3).frames


def test_tabs_are_gone_along_opened_and_closed(page: Page, shells: ShellServer) -> None:
    says(page, "Conectada")
    shells.visit().say(type="names", names=["1", "2", "3"])
    expect(page.get_by_role("tab")).to_have_count(3)
    page.get_by_role("tab", selected=True).focus()
    for key, tab in {"ArrowLeft": "3", "ArrowRight": "1", "End": "3", "Home": "1"}.items():
        page.keyboard.press(key)
        expect(page.get_by_role("tab", name=f"Terminal {tab}")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tabpanel", name="Terminal 2")).to_be_visible()
    page.get_by_role("tab", name="Terminal 2").press("Delete")
    expect(page.locator("#close-ask h2")).to_have_text("¿Cerrar la terminal 2?")
