"""The answer to the last piece of an upload in a real browser: it takes long where the machine sums up a large file, or it is lost."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from machines.models import Machine
from tests.chromium import in_a_browser
from tests.pages.files_door import FilesDoor
from tests.pages.test_files_browser import door as door
from tests.pages.test_files_browser import large, opened, upload
from tests.pages.test_files_browser import machine as machine

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
ARRIVED = "Arrived, the same on both sides."


def test_a_lost_one_is_asked_for_again_and_nothing_is_sent_twice(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor, tmp_path: Path
) -> None:
    page = opened(browser, live_server, machine)
    door.loses_end = True
    upload(page, large(tmp_path))
    expect(page.locator(".move [data-say]")).to_contain_text(ARRIVED)
    assert (door.taken, door.loses_end) == (20 << 20, False)


def test_a_small_file_of_which_nothing_came_is_sent_again(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor, tmp_path: Path
) -> None:
    (tmp_path / "note.txt").write_text("new")
    page = opened(browser, live_server, machine)
    door.cut_after = 0
    upload(page, tmp_path / "note.txt")
    expect(page.locator(".move [data-say]")).to_contain_text(ARRIVED)
    assert (door.home / "note.txt").read_text() == "new"


def test_a_long_one_is_waited_for(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor, tmp_path: Path
) -> None:
    page = opened(browser, live_server, machine)
    page.clock.install()
    door.let_on.clear()
    door.holds_from = 16 << 20
    upload(page, large(tmp_path))
    expect(page.locator(".move [data-say]")).to_contain_text("All is sent. It is being compared.")
    page.clock.fast_forward(61_000)
    door.let_on.set()
    expect(page.locator(".move [data-say]")).to_contain_text(ARRIVED)
    assert len([asked for asked in door.asked if asked.startswith("PUT")]) == 3
