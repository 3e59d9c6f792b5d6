"""Ways to a machine that are broken on purpose, one hop at a time, and the page that says which."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys.stack import Person, Stack, wait_for
from tests.processes import frozen
from tests.waiting import PATIENCE

BOOT_LOOKS = 5  # of nine minutes each


@contextmanager
def stopped(stack: Stack, part: str) -> Iterator[None]:
    """Let a part stand still."""
    pid = stack.pid(part)
    assert pid
    with frozen(pid):
        yield


@contextmanager
def blocked(port: int) -> Iterator[None]:
    """Close a port of this computer by its firewall, as root."""
    rule = ["INPUT", "-i", "lo", "-p", "tcp", "--dport", str(port), "-j", "REJECT"]
    subprocess.run(["iptables", "-I", *rule], check=True)
    try:
        yield
    finally:
        subprocess.run(["iptables", "-D", *rule], check=True)


def kill_guest(stack: Stack, machine: str) -> None:
    """kill -9 of the QEMU of a machine."""
    name = f"minga-{stack.servers(machine)[0].id}".encode()
    found = [file for file in Path("/proc").glob("[0-9]*/cmdline") if name in _line(file).split(b"\0")]
    assert len(found) == 1, found
    os.kill(int(found[0].parent.name), signal.SIGKILL)


def _line(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # it ended while we looked


def ssh_answers(machine: dict[str, Any]) -> bool:
    """Return whether the API says so: an emulated guest may be said to run minutes before."""
    return any(door["scheme"] == "ssh" and door["answers"] for door in machine["access"])


def wait_for_ssh(person: Person, machine: str) -> None:
    """Wait until the guest's SSH answers: as long as the guest still writes to its console it boots, however busy the computer is."""
    console = person.stack.data / "cloud" / "guests" / person.stack.servers(machine)[0].id / "console.log"
    for _ in range(BOOT_LOOKS):
        written = console.stat().st_size
        try:
            return wait_for(lambda: ssh_answers(person.machine(machine)), 6 * PATIENCE, "its ssh answers")
        except AssertionError:
            if console.stat().st_size == written:
                raise
    raise AssertionError(f"its ssh does not answer after {BOOT_LOOKS * 6 * PATIENCE:.0f} s, though its console goes on")


def broken_hops(page: Page, machine: str) -> list[str]:
    """Check the way as a person does, from the machine's page. Return the hops that are marked."""
    page.goto(f"/machines/{machine}/")
    page.locator("#why-not").click()
    expect(page.locator("[data-hop=service]")).to_be_visible()  # the last one
    expect(page.locator("#check-now")).not_to_have_attribute("aria-disabled", "true")
    marked = page.locator("#hops > li:has([data-broken]:not([hidden]))")
    return [str(row.get_attribute("data-hop")) for row in marked.all()]
