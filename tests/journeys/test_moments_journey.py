"""A changed file is what it was, once its machine has gone back to a kept moment: in a browser, with a real guest, by the whole of Minga."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.chromium import in_a_browser
from tests.cloud.local_stage import make_key
from tests.journeys.kinds import EACH_KIND, FIXTURES
from tests.journeys.stack import Person, Stack, wait_for
from tests.journeys.visitor import Visitor
from tests.waiting import PATIENCE

pytestmark = [*in_a_browser, pytest.mark.slow]
OPTIONS = [
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
    "-o",
    "IdentitiesOnly=yes",
    "-o",
    "BatchMode=yes",
]
FILE = "/home/student/thesis"


@pytest.mark.parametrize("kind", EACH_KIND)
def test_going_back_brings_the_old_content(
    kind: str, browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    stack: Stack = request.getfixturevalue(FIXTURES[kind])
    student, visitor = Person(stack, "student2"), Visitor(browser, stack).sign_in("student2")
    key = make_key(tmp_path)
    known = student.call("POST", "keys/", json={"public_key": key.with_suffix(".pub").read_text(), "name": kind}).json()
    pk = student.launch(name=f"moments-{kind}")["id"]
    try:
        before = student.until(pk, "running")
        is_written(before, key, "first")
        keep(visitor, pk, "then")
        is_written(before, key, "second")
        go_back(visitor)
        after = student.until(pk, "running")
        wait_for(lambda: run(after, key, f"cat {FILE}") == "first", PATIENCE, "the file is what it was")
        assert [way["command"] for way in after["access"]] == [way["command"] for way in before["access"]]
        delete(visitor, pk)
    finally:
        student.call("DELETE", f"machines/{pk}/")
        student.call("DELETE", f"keys/{known['id']}/")


def keep(visitor: Visitor, pk: str, name: str) -> None:
    """Keep this moment by its button, and wait until the page says by itself that it is there."""
    page = visitor.page
    page.goto(f"/machines/{pk}/settings/")
    page.locator(f"a[href='/machines/{pk}/moments/']").click()
    page.locator("#keep [name=name]").fill(name)
    page.locator("#keep button.main").click()
    page.locator("a[href$='/moments/1/restore/']").wait_for(timeout=2000 * PATIENCE)


def go_back(visitor: Visitor) -> None:
    page = visitor.page
    page.locator("a[href$='/moments/1/restore/']").click()
    page.locator("button.danger").click()
    page.wait_for_url("**/machines/*/")
    visitor.sees("running")


def delete(visitor: Visitor, pk: str) -> None:
    page = visitor.page
    page.goto(f"/machines/{pk}/moments/")
    page.locator("a[href$='/moments/1/delete/']").click()
    page.locator("button.danger").click()
    page.wait_for_url(f"**/machines/{pk}/moments/")
    page.locator("a[href$='/moments/1/delete/']").wait_for(state="detached")


def is_written(machine: dict[str, Any], key: Path, word: str) -> None:
    wait_for(
        lambda: run(machine, key, f"echo {word} > {FILE}; sync; cat {FILE}") == word, PATIENCE, f"{word} is written"
    )


def run(machine: dict[str, Any], key: Path, line: str) -> str:
    """Run a line in the machine. Return what it printed; '' where nobody was let in."""
    ssh = next(way["command"] for way in machine["access"] if way["scheme"] == "ssh").split()
    ended = subprocess.run([*ssh, "-i", str(key), *OPTIONS, line], capture_output=True, timeout=PATIENCE, text=True)
    return ended.stdout.strip()
