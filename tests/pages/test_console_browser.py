"""A machine's console in a real browser, on a fake cloud: the log as it grows, and a serial line."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from machines.models import Machine
from portal.live.consoles import console_calls, tails
from tests.chromium import in_a_browser
from tests.cloud.fake import FakeCloud
from tests.live.consoles.console_stage import machine_on
from tests.live.consoles.serial_proxy import SerialProxy
from tests.live.process import LiveProcess
from tests.pages.beside_live import live as live
from tests.pages.test_browser import faults, visit
from tests.pages.test_terminal_browser import WATCH
from tests.waiting import until

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
HOSTILE = '\x1b]52;c;eA==\x07\x1b]8;;https://evil.example\x07<img src=x onerror="window.hit=1">\x1b]8;;\x07\u202e end'

LINES = """
window.lines = [];
window.pongs = 0;
window.WebSocket = class extends WebSocket {
  constructor(...values) {
    super(...values);
    lines.push(this);
    this.addEventListener("message", ({ data }) => { pongs += data === '{"type":"pong"}'; });
  }
};
// Nothing comes from there any more, nor that it is closed.
window.cut = (number) => { lines[number].onmessage = lines[number].onclose = null; };
"""


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeCloud:
    cloud = FakeCloud()
    monkeypatch.setattr(console_calls, "open_consoles", lambda: cloud)
    monkeypatch.setattr(tails, "PAUSE_SECONDS", 0.05)
    return cloud


@pytest.fixture
def machine(cloud: FakeCloud, student: User) -> Machine:
    return machine_on(cloud, student, name="condor")


@pytest.fixture
def page(browser: Browser, live_server: Any, live: LiveProcess, machine: Machine) -> Page:
    page = visit(browser, live_server, user=machine.owner, width=1280, theme="light", language="es", axe=True)
    page.add_init_script(WATCH)
    page.goto(f"/machines/{machine.pk}/console/")
    expect(page.locator("#console-text")).to_contain_text("ready")
    return page


@pytest.fixture
def proxy(cloud: FakeCloud) -> Iterator[SerialProxy]:
    proxy = SerialProxy()
    cloud.serial_url = proxy.url
    yield proxy
    proxy.stop()


@pytest.fixture
def serial(proxy: SerialProxy, page: Page) -> Page:
    """A page whose serial console is open."""
    page.locator("#serial-open").click()
    expect(page.locator("[data-end=open]")).to_be_visible()
    return page


def test_the_log_grows_and_stays_text(page: Page, cloud: FakeCloud) -> None:
    cloud.console = ["one", HOSTILE]
    expect(page.locator("#console-text")).to_have_text('one\n<img src=x onerror="window.hit=1"> end')
    cloud.console = ["one", HOSTILE, "\x1b[31mthree"]
    expect(page.locator("#console-text")).to_contain_text("end\nthree")
    assert page.evaluate("[refused, window.hit, document.querySelectorAll('#console-text *').length]") == [[], None, 0]


@pytest.mark.parametrize(
    ("language", "looks"), [("es", [(1280, "light"), (390, "dark")]), ("en", [(390, "light"), (1280, "dark")])]
)
def test_axe_finds_nothing_and_nothing_is_too_wide(
    serial: Page, cloud: FakeCloud, live_server: Any, language: str, looks: list[tuple[int, str]]
) -> None:
    cloud.console = [f"[    {n}.123456] usb 1-1: new high-speed USB device number {n}" for n in range(40)] + ["w" * 300]
    serial.context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
    serial.reload()
    serial.locator("#serial-open").click()
    expect(serial.locator("#serial-close")).to_be_visible()
    serial.keyboard.type("login: ")
    expect(serial.locator(".xterm-rows")).to_contain_text("LOGIN:")
    assert faults(serial, f"console-{language}", *looks) == []


def test_what_is_typed_is_sent_and_what_comes_is_shown_under_the_csp(serial: Page) -> None:
    serial.keyboard.type("echo ñ")
    expect(serial.locator(".xterm-rows")).to_contain_text("ECHO ")
    assert serial.evaluate("refused") == []


def test_it_is_left_by_a_key_and_closed_by_a_press(serial: Page, live: LiveProcess) -> None:
    serial.keyboard.press("Control+Shift+ArrowUp")
    expect(serial.locator("#serial-close")).to_be_focused()
    serial.keyboard.press("Enter")
    expect(serial.locator("#serial-open")).to_be_focused()
    until(lambda: len(live.server.config.app.consoles.viewers) == 1, "only the log is open")


def test_where_its_script_cannot_be_loaded_it_says_so_and_can_be_pressed_again(proxy: SerialProxy, page: Page) -> None:
    page.route("**/serial_terminal*", lambda route: route.abort())
    page.locator("#serial-open").click()
    expect(page.locator("[data-end=lost]")).to_be_visible()
    expect(page.locator("#serial-open")).to_be_visible()


def test_without_a_serial_console_the_page_says_so(page: Page) -> None:
    expect(page.locator("[data-serial=none]")).to_be_visible()
    expect(page.locator("#serial-open")).to_be_hidden()


def test_a_busy_cloud_is_said_and_the_log_stays(page: Page, cloud: FakeCloud) -> None:
    cloud.busy = True
    expect(page.locator("[data-state=busy]")).to_be_visible()
    expect(page.locator("#console-text")).to_contain_text("ready")


def test_a_restart_of_the_live_process_is_not_noticed(page: Page, live: LiveProcess, cloud: FakeCloud) -> None:
    live.stop()
    live.start()
    cloud.console = ["after the restart"]
    expect(page.locator("#console-text")).to_have_text("after the restart")


@pytest.fixture
def clocked(page: Page) -> Page:
    """A page whose time a test moves, and whose lines it can cut without a word: [log, …]."""
    page.clock.install()
    page.add_init_script(LINES)
    page.reload()
    expect(page.locator("#console-text")).to_contain_text("ready")
    expect(page.locator("[data-state=ok]")).to_be_visible()
    return page


def wait_past(page: Page, *seconds: int) -> None:
    for some in seconds:
        page.clock.fast_forward(some * 1000)


def test_a_log_that_is_cut_without_a_word_comes_back_within_half_a_minute(clocked: Page, cloud: FakeCloud) -> None:
    clocked.evaluate("cut(0)")
    wait_past(clocked, 21, 5)
    expect(clocked.locator("[data-state=lost]")).to_be_visible()
    cloud.console = ["after the cut"]
    wait_past(clocked, 3)
    expect(clocked.locator("#console-text")).to_have_text("after the cut")
    expect(clocked.locator("[data-state=lost]")).to_be_hidden()


def test_a_quiet_log_whose_line_stands_is_left_alone(clocked: Page) -> None:
    for count in (1, 2):
        wait_past(clocked, 21)
        clocked.wait_for_function(f"pongs === {count}")
    wait_past(clocked, 5)
    assert clocked.evaluate("lines.length") == 1


def test_a_serial_line_that_is_cut_without_a_word_is_named(
    clocked: Page, proxy: SerialProxy, live: LiveProcess
) -> None:
    clocked.reload()
    clocked.locator("#serial-open").click()
    expect(clocked.locator("[data-end=open]")).to_be_visible()
    wait_past(clocked, 21)
    clocked.wait_for_function("pongs === 2")  # its own, and that of the log
    expect(clocked.locator("[data-end=open]")).to_be_visible()
    clocked.evaluate("cut(1)")
    wait_past(clocked, 21, 5)
    expect(clocked.locator("[data-end=lost]")).to_be_visible()
    expect(clocked.locator("#serial-open")).to_be_visible()
    until(lambda: len(live.server.config.app.consoles.viewers) == 1, "the machine's line is free")


def test_it_ends_with_the_right(page: Page) -> None:
    Session.objects.all().delete()
    expect(page.locator("[data-state=over]")).to_be_visible()


def test_a_page_that_nobody_sees_has_nothing_read(page: Page, live: LiveProcess) -> None:
    page.clock.install()
    page.evaluate("""Object.defineProperty(document, "hidden", {value: true, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"))""")
    page.clock.fast_forward(11_000)
    until(lambda: not live.server.config.app.consoles.tails.open, "nobody looks")
