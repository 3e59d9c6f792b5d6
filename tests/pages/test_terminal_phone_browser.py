"""The terminal's page on a phone: its keys, the box for a line, and a finger that scrolls."""

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from machines.models import Machine
from tests.chromium import MILLISECONDS, in_a_browser
from tests.pages.shell_server import ShellServer
from tests.pages.test_terminal_browser import machine as machine
from tests.pages.test_terminal_browser import says, typed
from tests.pages.test_terminal_browser import shells as shells
from tests.waiting import until

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]


@pytest.fixture
def phone(browser: Browser, live_server: Any, shells: ShellServer, machine: Machine) -> Page:
    looks: Any = {"viewport": {"width": 390, "height": 700}, "has_touch": True, "is_mobile": True}
    context = browser.new_context(base_url=live_server.url, **looks)
    context.set_default_timeout(MILLISECONDS)
    client = Client()
    client.force_login(machine.owner)
    cookies = {"sessionid": client.cookies["sessionid"].value, "django_language": "es"}
    context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
    context.add_init_script("delete window.EventSource")
    page = context.new_page()
    page.goto(f"/machines/{machine.pk}/terminal/")
    says(page, "Conectada")
    return page


def test_the_box_takes_what_the_keyboard_composes_and_corrects(phone: Page, shells: ShellServer) -> None:
    box = phone.locator("#typed")
    box.tap()
    keyboard = phone.context.new_cdp_session(phone)
    keyboard.send("Input.imeSetComposition", {"text": "echo nino", "selectionStart": 9, "selectionEnd": 9})
    keyboard.send("Input.imeSetComposition", {"text": "echo niño", "selectionStart": 9, "selectionEnd": 9})
    keyboard.send("Input.insertText", {"text": "echo niño"})
    replaced = {"inputType": "insertReplacementText", "data": "está", "bubbles": True}
    box.evaluate(
        "(box, facts) => { box.value += ' está'; box.dispatchEvent(new InputEvent('input', facts)); }", replaced
    )
    box.press("Enter")
    typed(shells, "echo niño está\r".encode())
    expect(box).to_have_value("")


def test_without_a_line_the_box_keeps_what_was_typed(phone: Page, shells: ShellServer) -> None:
    shells.visit().end(4001)
    says(phone, "En otra ventana")
    phone.locator("#typed").fill("hola")
    phone.locator("#typed").press("Enter")
    expect(phone.locator("#typed")).to_have_value("hola")


def test_enter_can_be_left_out_for_a_program_that_waits_for_a_key(phone: Page, shells: ShellServer) -> None:
    phone.get_by_role("button", name="Intro después de la línea").tap()
    phone.locator("#typed").fill("q")
    phone.get_by_role("button", name="Enviar").tap()
    phone.get_by_role("button", name="Enviar").tap()
    typed(shells, b"q\r")


def test_keys_of_the_row_and_ctrl_that_stays_pressed(phone: Page, shells: ShellServer) -> None:
    row = phone.locator("#keyrow")
    expect(row).to_have_attribute("data-more-after", "")  # it fades where there is more of it
    for key in ("Esc, Escape", "Tab, tabulador", "Arriba", "Ctrl, para la tecla siguiente"):
        row.get_by_role("button", name=key, exact=True).tap()
    phone.locator("#typed").press_sequentially("c")
    row.get_by_role("button", name="Virgulilla").tap()
    typed(shells, b"\x1b\t\x1b[A\x03~")
    expect(phone.locator("#typed")).to_have_value("")


def test_ctrl_is_for_the_next_key_after_a_line_was_sent_too(phone: Page, shells: ShellServer) -> None:
    phone.locator("#typed").fill("sleep 100")
    phone.locator("#typed").press("Enter")
    phone.get_by_role("button", name="Ctrl").tap()
    phone.locator("#typed").press_sequentially("c")
    typed(shells, b"sleep 100\r\x03")
    expect(phone.locator("#typed")).to_have_value("")


def test_arrows_are_what_the_program_asked_for(phone: Page, shells: ShellServer) -> None:
    shells.visit().show("\x1b[?1hlisto")
    expect(phone.locator(".xterm-rows")).to_contain_text("listo")
    phone.get_by_role("button", name="Abajo").tap()
    typed(shells, b"\x1bOB")


def swipe_down(phone: Page) -> None:
    hand = phone.context.new_cdp_session(phone)
    for kind, y in (("touchStart", 200), ("touchMove", 260), ("touchMove", 400), ("touchMove", 500), ("touchEnd", 0)):
        points = [{"x": 150, "y": y}] if y else []
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_a_finger_brings_earlier_lines_back(phone: Page, shells: ShellServer) -> None:
    shells.visit().show("".join(f"linea-{n}\r\n" for n in range(200)))
    expect(phone.locator(".xterm-rows")).to_contain_text("linea-199")
    swipe_down(phone)
    expect(phone.locator(".xterm-rows")).not_to_contain_text("linea-199")


def test_a_finger_is_a_wheel_for_a_program_that_wants_one(phone: Page, shells: ShellServer) -> None:
    shells.visit().show("\x1b[?1000h\x1b[?1006htmux")
    expect(phone.locator(".xterm-rows")).to_contain_text("tmux")
    swipe_down(phone)
    until(lambda: b"\x1b[<64;" in shells.visit().typed, "the wheel was turned")
