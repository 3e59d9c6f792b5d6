"""A student's first machine, end to end: the real pages in a real browser, OpenSSH's own client, curl."""

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.chromium import in_a_browser
from tests.journeys.kinds import EACH_KIND, FIXTURES, on_simulated
from tests.journeys.stack import Person, Stack, is_shut, make_key, wait_for
from tests.journeys.visitor import Visitor, processes_of, run, says
from tests.waiting import PATIENCE

pytestmark = [*in_a_browser, pytest.mark.slow]
OPEN = re.compile(r"^Open(, but nothing inside answers)?$")  # in the real guest nothing listens on the port


@pytest.fixture(params=EACH_KIND)
def minga(request: pytest.FixtureRequest) -> Stack:
    """A whole Minga in which the student has neither machines nor keys."""
    return _swept(request.getfixturevalue(FIXTURES[request.param]))


@pytest.fixture
def light(stack: Stack) -> Stack:
    """A stack with simulated guests only, for what does not depend on the guest."""
    return _swept(stack)


def _swept(stack: Stack) -> Stack:
    stack.whole()
    student = Person(stack, "student")
    mine = [machine["id"] for machine in student.call("GET", "machines/").json()]
    for pk in mine:
        student.call("DELETE", f"machines/{pk}/")
    for pk in mine:
        student.until(pk, "gone")
    for key in student.call("GET", "keys/").json():
        student.call("DELETE", f"keys/{key['id']}/")
    return stack


def test_a_students_first_machine(minga: Stack, browser: Browser, tmp_path: Path) -> None:
    student = Visitor(browser, minga).sign_in("student")
    student.shoot("empty")
    key = a_key(student, tmp_path)
    machine = student.launch("condor")
    watch_it_come_up(student)
    line = student.copied("ssh")
    student.shoot("machine", whole=False)
    link = student.service("Web page").locator("a").inner_text()
    come_in(line, key, link)
    a_stranger_sees_nothing(browser, minga, machine)
    write_to_the_ram_disk(line, key)
    sleep(student, line)
    wake(student, line, key)
    one_more_port(student)
    delete(student, minga, machine, line)


def a_key(student: Visitor, folder: Path) -> Path:
    """Pasted in one of the two runs, made by Minga in the other."""
    if student.stack.kind == "qemu":
        return student.have_a_key_made(folder)
    key = make_key(folder)
    student.add_key(key.with_name("key.pub").read_text())
    return key


def watch_it_come_up(student: Visitor) -> None:
    student.record()
    student.shoot("building")
    student.sees("running")
    percents = student.recorded()
    # A simulated guest is up in two seconds: a page that comes late sees one percentage only.
    assert percents[0] < percents[-1] or (student.stack.kind == "simulated" and len(percents) == 1), percents
    assert percents == sorted(percents)
    assert student.page.locator("#state").inner_text() == "Running"
    expect(student.page.locator("#said")).to_contain_text("Running")  # what a screen reader hears


def come_in(line: str, key: Path, link: str) -> None:
    says(line, key, "hostname", "condor")
    curl = ["curl", "-sSf", "--max-time", "60", link]
    wait_for(
        lambda: "condor" in subprocess.run(curl, capture_output=True, text=True).stdout, PATIENCE, "its page is there"
    )


def a_stranger_sees_nothing(browser: Browser, minga: Stack, machine: str) -> None:
    stranger = Visitor(browser, minga).sign_in("student2")
    for path in ("", "live/", "card/", "delete/", "reset/"):
        reply = stranger.page.goto(f"/machines/{machine}/{path}")
        assert reply is not None
        assert reply.status == 404, path
    assert "condor" not in stranger.page.content()
    stranger.context.close()


def write_to_the_ram_disk(line: str, key: Path) -> None:
    assert run(line, key, "echo still-here > /tmp/note").returncode == 0


def sleep(student: Visitor, line: str) -> None:
    student.press("suspend")
    student.sees("suspended")
    student.page.get_by_text("wakes when you connect").first.wait_for()
    assert "A connection wakes it" in student.page.locator("#access").inner_text()
    assert student.page.locator("#ssh").inner_text() == line
    student.shoot("sleeping")


def wake(student: Visitor, line: str, key: Path) -> None:
    student.press("wake")
    student.sees("running")
    says(line, key, "cat /tmp/note", "still-here")


def one_more_port(student: Visitor) -> None:
    student.open_tab("ports")
    student.page.locator("[name=port]").fill("8000")
    student.page.locator("[name=scheme]").select_option("tcp")
    student.page.locator("form[action$='/ports/'] button").click()
    service = student.service("Port 8000")
    service.get_by_text(OPEN).wait_for()
    port = int(service.locator(".mono").inner_text().rpartition(":")[2])
    wait_for(lambda: not is_shut(port), PATIENCE, "the port is open")
    service.locator("form button").click()
    service.wait_for(state="detached")
    wait_for(lambda: is_shut(port), PATIENCE, "the port is closed")
    student.open_tab("connect")


def delete(student: Visitor, minga: Stack, machine: str, line: str) -> None:
    [server] = minga.servers(machine)
    guest = (server.address, server.port_map.get(22, 22))
    assert not is_shut(guest[1], guest[0])
    assert bool(processes_of(minga)) == (minga.kind == "qemu")
    delete_for_good(student)
    assert minga.servers(machine) == []
    assert processes_of(minga) == []
    assert is_shut(guest[1], guest[0])
    wait_for(lambda: is_shut(int(line.split()[-2])), PATIENCE, "the port is closed")
    used = student.used()
    assert len(used) == 7
    assert {text.split()[0] for text in used.values()} == {"0"}, used


def delete_for_good(student: Visitor) -> None:
    student.press("delete")
    student.page.locator("#for-good").click()
    student.page.locator("#delete-for-good").click()
    student.sees("gone")


@on_simulated
def test_what_was_deleted_comes_back_with_its_ports(light: Stack, browser: Browser) -> None:
    student = Visitor(browser, light).sign_in("student")
    machine = student.launch("condor")
    student.sees("running")
    line = student.copied("ssh")
    student.press("delete")
    student.page.locator("button.sure").click()
    student.page.get_by_text("stays in the recycle bin").wait_for()
    student.page.goto(f"/machines/{machine}/")
    student.sees("archived")
    assert light.servers(machine) == []
    assert [text.split()[0] for text in student.used().values()] == ["0", "0", "0", "0", "2", "1", "1"]
    student.shoot("bin")
    student.page.locator(f"#restore-{machine}").click()
    student.page.goto(f"/machines/{machine}/")
    student.sees("running")
    assert student.copied("ssh") == line


@on_simulated
def test_a_settled_page_follows_what_happens_elsewhere_but_not_below_ones_hands(light: Stack, browser: Browser) -> None:
    student, elsewhere = Visitor(browser, light).sign_in("student"), Person(light, "student")
    machine = student.launch("condor")
    student.sees("running")
    student.open_tab("settings")
    student.page.locator("#live [name=name]").fill("puma")
    elsewhere.call("POST", f"machines/{machine}/suspend/")
    elsewhere.until(machine, "suspended")
    comes_back_to_the_tab(student)
    student.page.wait_for_timeout(1000)  # in which the page must not change below the hands
    student.sees("running", seconds=1)
    assert student.page.locator("#live [name=name]").input_value() == "puma"
    student.page.locator("#live [name=name]").blur()
    comes_back_to_the_tab(student)
    student.sees("suspended")
    assert student.page.locator("#live [name=name]").input_value() == "puma"  # what was typed is kept
    elsewhere.call("POST", f"machines/{machine}/wake/")
    student.sees("running")  # now and then it looks without being asked to


def comes_back_to_the_tab(student: Visitor) -> None:
    student.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@on_simulated
def test_the_keyboard_is_enough(light: Stack, browser: Browser) -> None:
    student = Visitor(browser, light).sign_in("student")
    student.page.goto("/launch/")
    _tab_to(student, "form.launch button")
    student.page.keyboard.press("Enter")
    assert student.machine
    student.sees("running")
    _tab_to(student, "#do-suspend")
    student.page.keyboard.press("Enter")
    student.sees("suspended")


def _tab_to(student: Visitor, target: str) -> None:
    for _ in range(40):
        student.page.keyboard.press("Tab")
        if student.page.evaluate("target => document.activeElement.matches(target)", target):
            return
    raise AssertionError(f"Tab does not lead to {target}")


@on_simulated
def test_it_works_without_javascript(light: Stack, browser: Browser) -> None:
    student = Visitor(browser, light, script=False).sign_in("student")
    student.launch("quinoa")
    student.sees("running")  # the page loads itself anew while something is under way
    student.press("suspend")
    student.sees("suspended")
    assert student.page.locator("button[data-copy]:visible").count() == 0  # no button that does nothing
    delete_for_good(student)


@on_simulated
def test_the_language_changes_where_one_is(light: Stack, browser: Browser) -> None:
    student = Visitor(browser, light).sign_in("student")
    machine = student.launch("llama")
    student.sees("running")
    student.page.locator("#user-menu").click()
    student.page.get_by_role("button", name="Español").click()
    student.page.locator("html[lang=es]").wait_for(state="attached")
    assert student.machine == machine
    assert student.page.locator("#state").inner_text() == "Encendida"
    student.press("suspend")
    student.sees("suspended")  # what comes live is Spanish, too
    assert student.page.locator("#state").inner_text() == "Dormida"
    student.page.locator("#user-menu").click()
    student.page.get_by_role("button", name="English").click()
    student.page.locator("html[lang=en]").wait_for(state="attached")
