"""The way from a list of people to a shell: an administrator imports it, and one of the new people comes in by the link of their mail."""

from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser

from tests.chromium import in_a_browser
from tests.journeys.emulated_boots import see_through_boot
from tests.journeys.fresh_home import FreshHome, fresh_home
from tests.journeys.kinds import on_debian, on_simulated
from tests.journeys.measured_guest import measure_the_guest
from tests.journeys.newcomer import ADDRESS, PASSWORD, reach_a_shell
from tests.journeys.stack import Stack
from tests.journeys.terminal_view import TerminalView, kill
from tests.journeys.visitor import Visitor

pytestmark = [*in_a_browser, pytest.mark.slow]
# A student's usual tools, and a root that has grown to the disk of its size: the image is born with two gigabytes.
ON_DEBIAN = (
    "hostname; sudo whoami; python3 -c 'print(6 * 7)'; command -v git nano curl tmux;"
    " test $(df -BM --output=size / | tail -n 1 | tr -dc 0-9) -gt 3000 && echo grown"
)
TOOLS = {f"/usr/bin/{name}" for name in ("git", "nano", "curl", "tmux")}
WAYS = [  # the stack, the card, and what is typed and printed in the machine
    pytest.param("stack", "first-steps", "hostname", {"condor"}, marks=on_simulated, id="simulated"),
    pytest.param(
        "debian_stack", "debian", ON_DEBIAN, {"condor", "root", "42", "grown", *TOOLS}, marks=on_debian, id="debian"
    ),
]


@pytest.fixture
def home(tmp_path: Path) -> FreshHome:
    return fresh_home(tmp_path)


@pytest.mark.parametrize(("fixture", "template", "typed", "printed"), WAYS)
def test_somebody_of_a_list_reaches_a_shell(
    fixture: str,
    template: str,
    typed: str,
    printed: set[str],
    browser: Browser,
    home: FreshHome,
    request: pytest.FixtureRequest,
) -> None:
    stack: Stack = request.getfixturevalue(fixture)
    boot = [see_through_boot] if template == "debian" else []
    machine, line = reach_a_shell(stack, browser, home, template, typed, printed, *boot)
    assert given_host_key(stack, machine) in (home.home / ".ssh" / "known_hosts").read_text()
    if template == "debian":  # booted once for all: it takes most of a minute
        measure_the_guest(stack, browser, home, line)
        keep_a_shell_while_live_is_killed(stack, browser)


def keep_a_shell_while_live_is_killed(stack: Stack, browser: Browser) -> None:
    """Find the same shell again by the page itself: this guest has tmux."""
    terminal = TerminalView(Visitor(browser, stack).sign_in(ADDRESS, PASSWORD))
    terminal.sets()
    kill(stack, "live")
    terminal.is_open()  # until then nothing that is typed goes anywhere
    terminal.is_the_same("killed")


def given_host_key(stack: Stack, machine: str) -> str:
    """Return the host key that the portal made for the machine, without its kind."""
    query = "SELECT key FROM machines_hostkey WHERE given AND machine_id = %s"
    with psycopg.connect(stack.database_url) as database:
        [(line,)] = database.execute(query, [machine])
    return str(line).split()[1]
