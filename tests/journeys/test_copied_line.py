"""The lines that pages show, run exactly as copied with only the downloaded key in a fresh home: they open a shell."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.chromium import in_a_browser
from tests.journeys.fresh_home import FreshHome, fresh_home
from tests.journeys.kinds import on_simulated
from tests.journeys.stack import Person, Stack, wait_for
from tests.journeys.visitor import Visitor
from tests.waiting import PATIENCE

pytestmark = [*in_a_browser, on_simulated, pytest.mark.slow]


@pytest.fixture
def home(tmp_path: Path) -> FreshHome:
    return fresh_home(tmp_path)


@pytest.fixture
def teacher(stack: Stack, browser: Browser) -> Iterator[Visitor]:
    """A person whom no other journey of this stack uses."""
    person = Person(stack, "teacher")
    yield Visitor(browser, stack).sign_in("teacher")
    for machine in person.call("GET", "machines/").json():
        person.call("DELETE", f"machines/{machine['id']}/")
        person.until(machine["id"], "gone")
    for key in person.call("GET", "keys/").json():
        person.call("DELETE", f"keys/{key['id']}/")


def test_the_copied_lines_open_a_shell(teacher: Visitor, home: FreshHome) -> None:
    teacher.have_a_key_made(home.home / "Downloads")
    stored = home.run(teacher.copied("store-unix"))
    assert stored.returncode == 0, stored.stderr
    teacher.launch("condor")
    teacher.sees("running")
    opens_a_shell(home, teacher.copied("ssh"), "condor")
    by_its_name(teacher, home)


def test_three_clicks_lead_from_signing_in_to_a_shell(teacher: Visitor, home: FreshHome) -> None:
    teacher.have_a_key_made(home.home / "Downloads")
    assert home.run(teacher.copied("store-unix")).returncode == 0
    clicks = clicks_of(teacher)
    teacher.follow("/")  # where signing in leads a student
    teacher.page.locator("main a[href='/launch/']").first.click()
    teacher.page.locator("form.launch button").first.click()
    name = teacher.page.locator("#machine-name").inner_text()
    teacher.sees("running")
    teacher.page.locator("#copy-ssh").click()
    line = str(teacher.page.evaluate("navigator.clipboard.readText()"))
    assert len(clicks) <= 3, clicks
    opens_a_shell(home, line, name)


def opens_a_shell(home: FreshHome, line: str, name: str) -> None:
    """Wait until a line opens a shell there: a port may be told to be open a moment before its agent has opened it."""
    said: list[str] = []

    def is_open() -> bool:
        came_in = home.run(line, typed="hostname\n")
        said[:] = [came_in.stderr]
        return name in came_in.stdout.split()

    wait_for(is_open, PATIENCE, f"{line} opens a shell", say=lambda: "".join(said))


def clicks_of(visitor: Visitor) -> list[str]:
    """Return a list to which every click from now on adds what was clicked."""
    clicks: list[str] = []
    visitor.context.expose_function("clicked", lambda text: clicks.append(text))
    visitor.context.add_init_script(
        "addEventListener('click', (event) => clicked(event.target.textContent.trim()), true)"
    )
    return clicks


def by_its_name(teacher: Visitor, home: FreshHome) -> None:
    """Copy the block for ~/.ssh/config; then the name is enough."""
    teacher.page.locator("#config-summary").click()
    teacher.page.locator("[data-copy='#config']").click()
    block = str(teacher.page.evaluate("navigator.clipboard.readText()"))
    (home.home / ".ssh" / "config").write_text(block)
    opens_a_shell(home, "ssh condor", "condor")
