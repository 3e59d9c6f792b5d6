"""A student's first machine on the real cloud: the browser, OpenSSH through a real sshd, and what the OpenStack client says to each step."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from websockets.sync.client import ClientConnection, connect

from cloud.starter.recipes import RECIPES
from tests.chromium import browser as browser
from tests.chromium import chromium as chromium
from tests.chromium import in_a_browser
from tests.cloud import ready_guest
from tests.cloud.local_stage import make_key
from tests.journeys.fresh_home import fresh_home
from tests.journeys.newcomer import reach_a_shell
from tests.journeys.stack import Person, is_shut, wait_for
from tests.journeys.test_journey import a_key, a_stranger_sees_nothing, come_in, delete_for_good, watch_it_come_up
from tests.journeys.visitor import Visitor, run
from tests.openstack import in_horizon
from tests.openstack.census import Thing, belonging, census
from tests.openstack.dialed import the_portal_dials
from tests.openstack.guests import SFTP_SERVER, give_sftp, ssh
from tests.openstack.installation import Installation, cli
from tests.openstack.openstack_stage import ADMIN, IS_OUTSIDE, OpenStackStage, until
from tests.openstack.through_the_agent import the_page_comes_back
from tests.shell_line import ShellLine

DEBIAN = RECIPES["debian-12"]
LOGIN = "lab"  # the tiny guest's user; its image does not say so
# A student is the administrator of the guest, and has its tools.
ON_DEBIAN = ("hostname; sudo whoami; command -v git", {"condor", "root", "/usr/bin/git"})
NEW = {"server", "port", "group", "project", "keypair"}  # what a first machine makes in the cloud

pytestmark = [
    *in_a_browser,
    pytest.mark.xdist_group("journey"),
    pytest.mark.slow,
    pytest.mark.skipif(IS_OUTSIDE, reason="guests are reached from the namespace only: python -m tests.openstack"),
]


@pytest.fixture(scope="module")
def minga(stage: OpenStackStage) -> Iterator[Installation]:
    folder = Path(tempfile.mkdtemp(prefix="minga-", dir="/tmp"))  # short, for sockets
    folder.chmod(0o755)
    installation = Installation(folder / "data", EMPTY_PROJECT_SECONDS="1", **in_horizon.SETTINGS)
    try:
        yield installation.start()
    finally:
        installation.leave_nothing()
        if not os.environ.get("MINGA_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


def test_a_students_first_machine(minga: Installation, stage: OpenStackStage, browser: Browser, tmp_path: Path) -> None:
    before = census(stage)
    an_administrator_says_who_signs_in(minga, browser)
    student = Visitor(browser, minga).sign_in("student")
    key = a_key(student, tmp_path)
    machine = student.launch("condor")
    watch_it_come_up(student)
    line = student.copied("ssh")
    come_in(line, key, student.service("Web page").locator("a").inner_text())
    a_stranger_sees_nothing(browser, minga, machine)
    [server] = minga.servers(machine)
    assert status_of(server.id) == "ACTIVE"
    projects = {server.project, stage.cloud.client.project_id}
    marks = {server.id, server.owner[:8]}
    assert {one.what for one in belonging(census(stage) - before, projects, marks)} == NEW
    sleep_keeps_memory(student, line, key, server.id)
    put_away_keeps_the_disk(student, line, key, server.id)
    what_is_done_beside_us_is_taken_over(student, minga, machine, server.id)
    delete(student, minga, machine, line)
    nothing_is_left(stage, before, projects, marks)


@pytest.fixture
def debian(minga: Installation, stage: OpenStackStage) -> Iterator[None]:
    """The card of the Debian guest. Its image is in the cloud no longer than this test needs it."""
    if not ready_guest.is_built(DEBIAN.name):
        pytest.skip(f"not built: python -m cloud.starter --folder {ready_guest.STARTERS} {DEBIAN.name}")
    size = f"minga-test-{uuid.uuid4().hex[:8]}"
    flavor = stage.admin.compute.create_flavor(name=size, vcpus=1, ram=DEBIAN.ram_mb, disk=-(-DEBIAN.disk_mb // 1024))
    image = minga.add_debian_card(ready_guest.STARTERS, DEBIAN, size)
    yield
    stage.admin.image.delete_image(image)
    stage.admin.compute.delete_flavor(flavor)


@pytest.mark.usefixtures("debian")
def test_somebody_of_a_list_reaches_a_debian_guest(minga: Installation, browser: Browser, tmp_path: Path) -> None:
    """The second key goes in through the agent: the portal has no other way to a guest here."""
    home = fresh_home(tmp_path)
    try:
        machine, _line = reach_a_shell(minga, browser, home, "debian", *ON_DEBIAN)
    finally:
        minga.know_people()
    admin = Person(minga, "admin")
    admin.call("DELETE", f"machines/{machine}/")
    admin.until(machine, "gone")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_key(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def heron(minga: Installation, key: Path) -> Iterator[tuple[Person, str]]:
    """A machine that the portal reaches through the agent only, and its owner."""
    minga.django(f"from catalog.models import Image; Image.objects.update(login={LOGIN!r})")
    student = Person(minga, "student2")
    student.call("POST", "keys/", json={"name": "laptop", "public_key": key.with_suffix(".pub").read_text()})
    machine = student.launch(name="heron", template="first-steps")["id"]
    student.until(machine, "running", 240)
    yield student, machine
    student.call("DELETE", f"machines/{machine}/")
    student.until(machine, "gone")


def test_the_portal_dials_a_guest(minga: Installation, heron: tuple[Person, str]) -> None:
    """Dial it through its port, without one, and after the agent and the live process were killed."""
    the_portal_dials(minga, heron[1])


def test_a_terminal_that_the_agents_restart_cuts_opens_again(minga: Installation, heron: tuple[Person, str]) -> None:
    student, machine = heron

    def line() -> ClientConnection:
        made = student.call("POST", f"machines/{machine}/terminal/", json={"session": "1"}).json()
        return connect(made["url"], proxy=None)

    with ShellLine(line) as terminal:
        terminal.type("echo $((6*7))-of-$(hostname)\n")
        terminal.shows("42-of-heron")
        minga.gateway[1].kill()
        minga.gateway[1].start()
        end = terminal.ends()
        assert (end["code"], end["again"]) == ("lost", True)
    with ShellLine(line) as terminal:
        terminal.type("echo $((6*7))-again\n")
        terminal.shows("42-again")


def test_a_guest_without_sftp_says_what_to_install(heron: tuple[Person, str]) -> None:
    student, machine = heron
    answer = student.call("GET", f"machines/{machine}/files/", follow_redirects=True)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_sftp"), answer.text
    assert "openssh-sftp-server" in answer.json()["detail"]


@pytest.mark.skipif(not SFTP_SERVER.exists(), reason="no openssh-sftp-server here")
def test_the_page_comes_back_by_itself_after_the_agents_restart(
    minga: Installation, heron: tuple[Person, str], key: Path, browser: Browser, tmp_path: Path
) -> None:
    [server] = minga.servers(heron[1])
    until(lambda: ssh(server, key, "true").returncode == 0, "its owner signs in")
    give_sftp(server, key)
    the_page_comes_back(minga, Visitor(browser, minga).sign_in("student2"), tmp_path)


def test_a_student_sees_the_same_machines_in_horizon(
    minga: Installation, stage: OpenStackStage, browser: Browser
) -> None:
    if not in_horizon.is_up():
        pytest.skip("no Horizon answers: start it (on the bench cloud: up-horizon), or say HORIZON_URL")
    in_horizon.sees_the_same_machines(minga, browser, stage.admin)


def an_administrator_says_who_signs_in(minga: Installation, browser: Browser) -> None:
    admin = Visitor(browser, minga).sign_in("admin")
    admin.page.goto("/manage/catalog/")
    admin.page.get_by_role("link", name="lab-linux").first.click()
    admin.page.locator("[name=login]").fill(LOGIN)
    admin.page.locator("main form button[type=submit], main form button").first.click()
    admin.page.wait_for_url("**/catalog/")
    admin.context.close()


def sleep_keeps_memory(student: Visitor, line: str, key: Path, server: str) -> None:
    began = run(
        line, key, "echo still-here > /tmp/note; echo on-disk > note; sync; sleep 7777 > /dev/null 2>&1 & echo $!"
    )
    assert began.returncode == 0
    student.press("suspend")
    student.sees("suspended")
    assert status_of(server) == "SUSPENDED"
    student.page.get_by_text("wakes when you connect").first.wait_for()
    ran = run(line, key, f"cat /tmp/note; tr '\\0' ' ' < /proc/{began.stdout.strip()}/cmdline")  # the knock wakes it
    assert ran.stdout.split() == ["still-here", "sleep", "7777"], ran.stderr
    student.sees("running")
    assert status_of(server) == "ACTIVE"


def put_away_keeps_the_disk(student: Visitor, line: str, key: Path, server: str) -> None:
    student.press("shelve")
    student.sees("shelved")
    assert status_of(server) == "SHELVED_OFFLOADED"
    student.press("wake")
    student.sees("running")
    ran = run(line, key, "cat note; cat /tmp/note")
    assert ran.stdout.strip() == "on-disk", ran.stderr


def what_is_done_beside_us_is_taken_over(student: Visitor, minga: Installation, machine: str, server: str) -> None:
    """An operator suspends, resumes and renames it with the command line client."""
    act("suspend", server)
    student.sees("suspended")
    act("resume", server)
    student.sees("running")
    act("set", "--name", "puma", server)
    wait_for(lambda: Person(minga, "student").machine(machine)["name"] == "puma", 90, "the new name is taken over")


def delete(student: Visitor, minga: Installation, machine: str, line: str) -> None:
    student.page.reload()
    delete_for_good(student)
    assert minga.servers(machine) == []
    wait_for(lambda: is_shut(int(line.split()[2])), 90, "the port is closed")
    assert {text.split()[0] for text in student.used().values()} == {"0"}


def nothing_is_left(stage: OpenStackStage, before: set[Thing], projects: set[str], marks: set[str]) -> None:
    """The student's empty project goes, too: this installation waits one second for it, others a month."""

    def left() -> set[Thing]:
        return belonging(census(stage), projects, marks) ^ belonging(before, projects, marks)

    with suppress(AssertionError):  # the next line says what is left
        until(lambda: not left(), "all is as before", 180)
    assert left() == set()


def status_of(server_id: str) -> str:
    """Return the status that the command line client shows."""
    status: str = cli("server", "show", server_id, "-c", "status", cloud=ADMIN)["status"]
    return status


def act(verb: str, *words: str) -> None:
    ran = subprocess.run(["openstack", "--os-cloud", ADMIN, "server", verb, *words], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
