"""The files' pane with the live process and a real sshd: up, cut, on, down again, the home as tar."""

import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from machines.models import Machine
from tests.chromium import in_a_browser
from tests.live.process import LiveProcess
from tests.live.terminals import guest_stage
from tests.live.terminals.guest_fixtures import home as home
from tests.machines.idle.guest import can_run
from tests.machines.sealed import give_keys
from tests.pages.beside_live import live as live
from tests.pages.test_browser import visit

pytestmark = [
    *in_a_browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("pages-in-a-browser"),
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root for terminals of its own"),
]
ARRIVED = "Arrived, the same on both sides."


@pytest.fixture
def machine(student: User, settings: Any, tmp_path: Path, live: LiveProcess) -> Machine:
    give_keys(settings, tmp_path)
    return guest_stage.machine_with_key(student)


@pytest.fixture
def page(browser: Browser, live_server: Any, machine: Machine, home: Path) -> Page:
    """The pane, with the home's content."""
    (home / "notes.txt").write_text("old")
    page = visit(browser, live_server, user=machine.owner, width=1280, theme="light", language="en")
    page.goto(f"/machines/{machine.pk}/terminal/")
    page.locator("#files-button").click()
    expect(page.locator(".entry", has_text="notes.txt")).to_be_visible()
    return page


def upload(page: Page, *files: Path) -> None:
    page.locator("[data-chosen]").set_input_files([str(each) for each in files])


def test_an_upload_outlives_a_restart_of_the_live_process(
    page: Page, home: Path, tmp_path: Path, live: LiveProcess
) -> None:
    file = tmp_path / "captura.pcap"
    file.write_bytes(os.urandom(1 << 20) * 60)
    upload(page, file)
    expect(page.locator("progress")).not_to_have_js_property("value", 0)
    live.stop()
    expect(page.locator(".move")).to_contain_text("It goes on by itself where it was.")
    live.start()
    page.get_by_role("button", name="Try now").click()
    expect(page.locator(".move")).to_contain_text(ARRIVED)
    assert (home / file.name).read_bytes() == file.read_bytes()


def test_an_existing_file_is_replaced_and_an_empty_one_arrives(page: Page, home: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("new")
    (tmp_path / "empty").touch()
    upload(page, tmp_path / "notes.txt", tmp_path / "empty")
    page.get_by_role("button", name="Replace").click()
    expect(page.locator(".move", has_text=ARRIVED)).to_have_count(2)
    assert ((home / "notes.txt").read_text(), (home / "empty").read_bytes()) == ("new", b"")


def test_a_file_and_the_home_are_saved(page: Page) -> None:
    with page.expect_download() as file:
        page.get_by_role("link", name="Download \u2068notes.txt\u2069").click()
    assert (file.value.suggested_filename, file.value.path().read_text()) == ("notes.txt", "old")
    with page.expect_download() as home:
        page.get_by_role("link", name="Take my home with me").click()
    with tarfile.open(home.value.path()) as archive:
        assert any(name.endswith("notes.txt") for name in archive.getnames())


def test_folders_are_made_renamed_and_deleted(page: Page, home: Path) -> None:
    page.get_by_role("button", name="Folder", exact=True).click()
    page.keyboard.type("lab\\4")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="More for \u2068lab\\4").click()
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("New name of").fill("lab5")
    page.keyboard.press("Enter")
    expect(page.locator("#files-said")).to_have_text("It is called \u2068lab5\u2069 now.")
    assert (home / "lab5").is_dir()
    page.get_by_role("button", name="More for \u2068lab5").click()
    page.get_by_role("button", name="Delete").click()
    page.locator("[data-yes]").click()
    expect(page.locator("#files-said")).to_have_text("\u2068lab5\u2069 is deleted.")
    assert not (home / "lab5").exists()
