"""minga-intake in a real guest: as root and not, with smartctl and without, and without a network, from the desk's code to the computer's page.

Guests reach nothing outside. The network is what ssh carries from the guest's own port to the portal, while it is asked to.
"""

import json
import shlex
from typing import Any

import psycopg
from playwright.sync_api import Browser, Page

from tests.journeys.fresh_home import FreshHome
from tests.journeys.stack import Person, Stack
from tests.journeys.visitor import Visitor
from tests.nodes.intake.recorded import SMART_ATA

OFFER: dict[str, Any] = {
    "name": "Carla", "email": "carla@example.org", "handover": "bring",
    "computers": [{"kind": "desktop", "model": "Clone", "ram_mb": 65536, "nic_mbit": 100}],
}  # fmt: skip
COLUMNS = "m.bits, m.ram_installed_mb, m.not_read, m.code_id IS NULL, d.name, d.bus, d.health, d.reallocated"
QUERY = f"SELECT {COLUMNS} FROM nodes_measurement m JOIN nodes_measureddisk d ON d.measurement_id = m.id ORDER BY m.id DESC, d.id LIMIT 1"


class Bench:
    """An administrator at the desk, and a shell in the guest."""

    def __init__(self, stack: Stack, browser: Browser, home: FreshHome, line: str) -> None:
        self.stack, self.home, self.line = stack, home, line
        self.page: Page = Visitor(browser, stack).sign_in("admin").page
        office = Person(stack, "admin")
        made = office.call("POST", "donations/", json=OFFER).json()
        for step in ("accept", "receive"):
            office.call("POST", f"donations/{made['number']}/steps/", json={"step": step})
        [(pk,)] = self.rows("SELECT max(id) FROM nodes_computer")
        self.computer = f"/manage/computers/{pk}/"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.stack.database_url) as database:
            return database.execute(query).fetchall()

    def code(self) -> str:
        self.page.goto(self.computer)
        self.page.locator("form[action$='/intake/code/'] button").click()
        return self.page.locator("#code").inner_text()

    def run(self, command: str, *, network: bool = True) -> str:
        """Run a command in the guest. Return what it said, and its exit status behind it."""
        port = self.stack.port
        line = f"{self.line} -R {port}:127.0.0.1:{port}" if network else self.line
        return self.home.run(line, typed=f"{command} 2>&1; echo status=$?\n").stdout

    def type_in(self, said: str) -> None:
        """Type the lines of the program at the desk."""
        lines = [line for line in said.splitlines() if line[:1].isdigit() and "#" in line]
        self.page.goto(f"{self.computer}intake/")
        self.page.locator("[name=text]").fill("\n".join(lines))
        self.page.locator("main form button.main").click()
        self.page.locator("#measured").wait_for()

    def measured(self) -> tuple[Any, ...]:
        """Return what was measured last."""
        [row] = self.rows(QUERY)
        return row


def measure_the_guest(stack: Stack, browser: Browser, home: FreshHome, line: str) -> None:
    """Measure a guest in each way, and read it on the computer's page."""
    bench = Bench(stack, browser, home, line)
    said = bench.run(f"curl -sS -o minga-intake {stack.url}/intake/minga-intake; nproc; sudo dmesg >/dev/null")
    assert "status=0" in said, said
    _without_root_and_without_a_network(bench)
    _as_root_without_smartctl(bench)
    _as_root_with_smartctl(bench)
    bench.page.goto(bench.computer)
    shown = bench.page.locator("section[aria-labelledby=measured]").inner_text().replace("\u00a0", " ")
    assert has(shown, "Memory: 64 GB was written, 1 GB was measured", "Not for machines' disks: vda"), shown


def has(said: str, *words: str) -> bool:
    """Say whether all these words were said."""
    return all(each in said for each in words)


def _without_root_and_without_a_network(bench: Bench) -> None:
    code = bench.code()
    said = bench.run(f"python3 minga-intake --yes --code {code}", network=False)
    assert "status=3" in said, said
    bench.type_in(said)
    bits, memory, not_read, is_typed, disk, bus, health, _sectors = bench.measured()
    assert (bits, not_read, is_typed, disk, bus, health) == (64, ["board", "smartctl"], True, "vda", "virtio", "")
    assert memory in (1024, 2048), memory


def _as_root_without_smartctl(bench: Bench) -> None:
    code = bench.code()
    said = bench.run(f"sudo python3 minga-intake --yes --kg 8,4 --code {code}")
    assert has(said, "is written down", "status=0"), said
    _bits, _memory, not_read, is_typed, *_disk = bench.measured()
    assert (not_read, is_typed) == (["smartctl"], False)
    said = bench.run(f"sudo python3 minga-intake --yes --code {code}")  # once more
    assert has(said, "This code does not work (any more)", "status=1"), said


def _as_root_with_smartctl(bench: Bench) -> None:
    """Let a smartctl say what a real one said of a real disk: the guest's tells nothing."""
    told = shlex.quote(f"#!/bin/sh\ncat <<'E'\n{json.dumps(SMART_ATA)}\nE\n")
    bench.run(
        f"printf %s {told} | sudo tee /usr/local/sbin/smartctl >/dev/null; sudo chmod +x /usr/local/sbin/smartctl"
    )
    said = bench.run(f"sudo python3 minga-intake --yes --code {bench.code()}")
    assert has(said, "Not for machines' disks: vda", "status=0"), said
    _bits, _memory, not_read, _is_typed, _disk, _bus, health, sectors = bench.measured()
    assert (not_read, health, sectors) == ([], "passed", 8)
