"""A person's page of a machine on the real cloud: shell and files come back by themselves when the agent was killed below them."""

import hashlib
import os
import tarfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.journeys.terminal_view import OPEN_MS, TerminalView
from tests.journeys.visitor import Visitor
from tests.openstack.installation import Installation

SIZE = 40_000_000  # bytes: five pieces, and an emulated guest needs seconds for each
ARRIVED = "Arrived, the same on both sides."


def the_page_comes_back(minga: Installation, student: Visitor, folder: Path) -> None:
    """Use a guest without tmux, through its terminal's page: each time a new shell opens, and the page says so."""
    terminal = TerminalView(student)
    terminal.sets()
    kill_agent(minga, student.page)
    minga.gateway[1].start()
    terminal.is_another_and_says_so()
    file = folder / "captura.pcap"
    file.write_bytes(os.urandom(SIZE))
    an_upload_goes_on(minga, student.page, file)
    terminal.is_open()
    terminal.runs(f"sha256sum {file.name} | cut -c-16", hashlib.sha256(file.read_bytes()).hexdigest()[:16])
    it_comes_down_again(student.page, file)


def kill_agent(minga: Installation, page: Page) -> None:
    """kill -9. Return when the page has noticed."""
    minga.gateway[1].kill()
    expect(page.locator("#line-state")).not_to_have_text("Connected")


def an_upload_goes_on(minga: Installation, page: Page, file: Path) -> None:
    """Cut it in the middle by a kill of the agent, for longer than a try takes."""
    page.locator("#files-button").click()
    expect(page.locator(".entry").first).to_be_visible()
    page.locator("[data-chosen]").set_input_files(str(file))
    expect(page.locator("progress")).not_to_have_js_property("value", 0)
    kill_agent(minga, page)
    expect(page.locator(".move")).to_contain_text("It goes on by itself where it was.")
    page.wait_for_timeout(12_000)  # no condition: nothing changes, although a try has failed by then
    expect(page.locator(".move")).to_contain_text("It goes on by itself where it was.")
    minga.gateway[1].start()
    expect(page.locator(".move")).to_contain_text(ARRIVED, timeout=OPEN_MS)


def it_comes_down_again(page: Page, file: Path) -> None:
    """Save it from the list, and the home with it as tar."""
    with page.expect_download() as saved:
        page.get_by_role("link", name=f"Download \u2068{file.name}\u2069").click()
    assert saved.value.path().read_bytes() == file.read_bytes()
    with page.expect_download() as home:
        page.get_by_role("link", name="Take my home with me").click()
    with tarfile.open(home.value.path()) as archive:
        member = next(one for one in archive if one.name.endswith(file.name))
        assert archive.extractfile(member).read() == file.read_bytes()  # type: ignore[union-attr]
