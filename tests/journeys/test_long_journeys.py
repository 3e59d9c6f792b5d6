"""Minutes with a real guest: large files, a long cut, a whole home, a way that breaks hop by hop. `make test-journeys` runs them."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import in_a_browser
from tests.journeys.broken_ways import blocked, broken_hops, kill_guest, stopped, wait_for_ssh
from tests.journeys.emulated_boots import see_through_boot
from tests.journeys.kinds import on_debian
from tests.journeys.stack import Person, Stack, wait_for
from tests.journeys.terminal_view import TerminalView
from tests.journeys.visitor import Visitor
from tests.waiting import PATIENCE

pytestmark = [*in_a_browser, pytest.mark.slow, pytest.mark.long_journey, *on_debian]
WHO = "student"
MB = 1 << 20
LONG_MS = 300_000  # 200 MB go to an emulated guest, or come back
FAR = "least => document.querySelector('.move progress')?.value >= least"
# Letters beyond ASCII, links, a file and a folder that nobody but root reads, a pipe.
HOME = (
    "mkdir -p 'Año ñandú' vacía; echo pingüino > 'Año ñandú/canción'; ln -s 'Año ñandú/canción' atajo; ln -s / raíz;"
    " sudo install -m 600 /etc/shadow secreto; sudo install -d -m 700 cerrada; mkfifo tubo; echo home-$((6*7))"
)


@pytest.fixture(scope="module")
def machine(debian_stack: Stack) -> Iterator[str]:
    """The person's only machine."""
    debian_stack.whole()
    person = Person(debian_stack, WHO)
    pk = str(person.call("POST", "machines/", json={"template": "debian", "name": "otter"}).json()["id"])
    see_through_boot(debian_stack)
    person.until(pk, "running", 6 * PATIENCE)
    wait_for_ssh(person, pk)
    yield pk
    person.call("DELETE", f"machines/{pk}/")
    person.until(pk, "gone")


@pytest.fixture
def terminal(browser: Browser, debian_stack: Stack, machine: str) -> TerminalView:
    return TerminalView(Visitor(browser, debian_stack).sign_in(WHO))


def test_200_mb_that_are_cut_twice_are_the_same_at_their_end(terminal: TerminalView, tmp_path: Path) -> None:
    page, file = terminal.page, tmp_path / "captura.pcap"
    file.write_bytes(b"".join(os.urandom(MB) for _ in range(200)))
    _open_files(page)
    page.locator("[data-chosen]").set_input_files(file)
    _wait_for_percent(page, 25)
    terminal.visitor.context.set_offline(True)
    expect(page.locator(".move")).to_contain_text("It goes on by itself where it was.")
    terminal.visitor.context.set_offline(False)
    _wait_for_percent(page, 60)
    page.reload()
    with page.expect_file_chooser() as chooser:
        page.locator(".move").get_by_role("button", name="Choose the file").click()
    chooser.value.set_files(file)
    _is_the_same_everywhere(terminal, hashlib.sha256(file.read_bytes()).hexdigest())


def _open_files(page: Page) -> None:
    page.locator("#files-button").click()
    expect(page.get_by_role("link", name="Take my home with me")).to_be_visible()


def _wait_for_percent(page: Page, percent: int) -> None:
    page.wait_for_function(FAR, arg=percent, timeout=LONG_MS)


def _is_the_same_everywhere(terminal: TerminalView, sha256: str) -> None:
    page = terminal.page
    expect(page.locator(".move")).to_contain_text(f"the same on both sides. SHA-256 {sha256}", timeout=LONG_MS)
    terminal.is_open()
    terminal.runs("sha256sum captura.pcap | cut -c1-40; ls -a", sha256[:40])
    expect(page.locator(".xterm-rows").first).not_to_contain_text("minga-part")
    with page.expect_download(timeout=LONG_MS) as saved:
        page.get_by_role("link", name=re.compile("Download .*captura.pcap")).click()
    assert hashlib.sha256(saved.value.path().read_bytes()).hexdigest() == sha256


def test_a_line_cut_for_30_seconds_leads_back_to_the_same_shell(terminal: TerminalView) -> None:
    rows = terminal.page.locator(".xterm-rows").first
    terminal.type("clear; HERE=$((6*7)); for n in $(seq 40); do printf '%s ' $n; sleep 1; done; echo over-[$HERE]\n")
    expect(rows).to_contain_text("1 2 3 ")
    terminal.visitor.context.set_offline(True)
    terminal.page.wait_for_timeout(30_000)  # that long, says the issue
    terminal.visitor.context.set_offline(False)
    terminal.shows("over-[42]")
    counted = re.findall(r"\d+", rows.inner_text().split("over-")[0].replace("\n", ""))
    assert counted[-40:] == [str(n) for n in range(1, 41)]


def test_a_home_taken_as_tar_has_all_that_can_be_read_and_says_what_not(terminal: TerminalView, tmp_path: Path) -> None:
    terminal.runs(HOME, "home-42")
    _open_files(terminal.page)
    with terminal.page.expect_download(timeout=LONG_MS) as saved:
        terminal.page.get_by_role("link", name="Take my home with me").click()
    assert saved.value.suggested_filename == "student.tar"
    subprocess.run(["tar", "-xf", saved.value.path(), "-C", tmp_path], check=True)
    home = tmp_path / "student"
    assert (home / "atajo").read_text() == "pingüino\n"
    assert (os.readlink(home / "raíz"), list((home / "vacía").iterdir())) == ("/", [])
    left_out = (home / "MINGA-LEFT-OUT.txt").read_text().splitlines()[1:]
    assert sorted(left_out) == ["cerrada: no permission", "secreto: no permission", "tubo: a device, pipe or socket"]


def test_the_check_names_the_hop_that_is_broken(
    browser: Browser, debian_stack: Stack, machine: str, terminal: TerminalView
) -> None:
    person, pk = Person(debian_stack, WHO), machine
    page = Visitor(browser, debian_stack).sign_in(WHO).page
    terminal.runs("clear; sudo systemctl stop ssh.socket ssh; echo gone-$((6*7))", "gone-42")
    assert broken_hops(page, pk) == ["service"]
    terminal.runs("sudo systemctl start ssh; echo back-$((6*7))", "back-42")
    for part, hop in (("agent", "agent"), ("vps", "tunnel")):
        with stopped(debian_stack, part):
            assert broken_hops(page, pk) == [hop]
    if os.geteuid() == 0 and shutil.which("iptables"):
        with blocked(person.machine(pk)["access"][0]["port"]):
            assert broken_hops(page, pk) == ["port"]
    kill_guest(debian_stack, pk)
    wait_for(lambda: person.machine(pk)["state"] != "running", PATIENCE, "it is said to be off")
    assert broken_hops(page, pk) == ["guest"]
