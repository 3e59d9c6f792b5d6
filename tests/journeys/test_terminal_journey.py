"""Two clicks from a sign-in to a prompt in the browser, with a real guest: what its shell outlives, and what the page says where it did not.

The guest has no tmux. With tmux: test_imported_person.py.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.chromium import in_a_browser
from tests.journeys.kinds import on_qemu
from tests.journeys.stack import Person, Stack
from tests.journeys.terminal_view import TerminalView, kill
from tests.journeys.visitor import Visitor

pytestmark = [*in_a_browser, pytest.mark.slow, *on_qemu]
WHO = "student2"


@pytest.fixture(scope="module")
def machine(qemu_stack: Stack) -> Iterator[str]:
    """The person's only machine."""
    qemu_stack.whole()
    person = Person(qemu_stack, WHO)
    pk = str(person.launch(name="otter")["id"])
    person.until(pk, "running")
    yield pk
    person.call("DELETE", f"machines/{pk}/")
    person.until(pk, "gone")


@pytest.fixture
def terminal(browser: Browser, qemu_stack: Stack, machine: str) -> TerminalView:
    return TerminalView(Visitor(browser, qemu_stack).sign_in(WHO))


def test_two_clicks_lead_to_a_prompt_and_ctrl_c_stops_a_flood(terminal: TerminalView) -> None:
    terminal.runs("echo $((6*7))-$(hostname)", "42-otter")
    terminal.floods_and_is_stopped()


def test_a_device_without_a_network_comes_back_to_its_shell(terminal: TerminalView) -> None:
    terminal.sets()
    terminal.visitor.context.set_offline(True)
    terminal.visitor.context.set_offline(False)
    terminal.is_the_same("online")


def test_a_killed_web_process_leaves_the_shell_alone(terminal: TerminalView, qemu_stack: Stack) -> None:
    terminal.sets()
    kill(qemu_stack, "web")
    terminal.is_the_same("killed")
    terminal.page.reload()
    terminal.is_the_same("reloaded")


def test_after_live_was_killed_the_page_comes_back_with_a_new_shell_and_says_so(
    terminal: TerminalView, qemu_stack: Stack
) -> None:
    terminal.sets()
    kill(qemu_stack, "live")
    terminal.is_another_and_says_so()


def test_the_terminal_button_of_a_sleeping_machine_wakes_it(browser: Browser, qemu_stack: Stack, machine: str) -> None:
    person = Person(qemu_stack, WHO)
    person.call("POST", f"machines/{machine}/suspend/")
    person.until(machine, "suspended")
    terminal = TerminalView(Visitor(browser, qemu_stack).sign_in(WHO))
    terminal.runs("echo $((6*7))-awake", "42-awake")
