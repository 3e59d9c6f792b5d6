"""ssh to the port of a sleeping machine: held, woken, and in; nobody else gets there. With a real guest: test_idle.py."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.kinds import on_simulated
from tests.journeys.stack import Person, Stack, make_key, ssh, wait_for
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.slow, on_simulated]


@pytest.fixture
def minga(stack: Stack) -> Stack:
    stack.whole()
    return stack


class Asleep:
    """A student's machine that was put to sleep."""

    def __init__(self, minga: Stack, folder: Path) -> None:
        self.minga, self.student, self.key = minga, Person(minga, "student"), make_key(folder)
        public = self.key.with_name("key.pub").read_text()
        self.student.call("POST", "keys/", json={"name": "knock", "public_key": public})
        self.pk = self.student.launch(name="marmot")["id"]
        self.student.until(self.pk, "running")
        # Its port may be told to be open a moment before the agent has opened it.
        note = ("echo still-here > /tmp/note; cat /tmp/note", "still-here")
        wait_for(
            lambda: ssh(self.port("ssh"), self.key, note[0]).stdout.strip() == note[1], PATIENCE, "it lets its owner in"
        )
        self.sleep()

    def sleep(self) -> None:
        self.student.call("POST", f"machines/{self.pk}/suspend/")
        self.student.until(self.pk, "suspended")
        wait_for(lambda: {door["state"] for door in self.doors} == {"held"}, PATIENCE, "its ports are held")

    @property
    def doors(self) -> list[dict[str, Any]]:
        return list(self.student.machine(self.pk)["access"])

    def port(self, scheme: str) -> int:
        return int(next(door["port"] for door in self.doors if door["scheme"] == scheme))

    def ran(self, command: str) -> str:
        done = ssh(self.port("ssh"), self.key, command, seconds=120)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def state(self) -> str:
        return str(self.student.machine(self.pk)["state"])


@pytest.fixture
def asleep(minga: Stack, tmp_path: Path) -> Iterator[Asleep]:
    machine = Asleep(minga, tmp_path)
    yield machine
    machine.student.call("DELETE", f"machines/{machine.pk}/")
    machine.student.until(machine.pk, "gone")
    for key in machine.student.call("GET", "keys/").json():
        machine.student.call("DELETE", f"keys/{key['id']}/")


def test_ssh_to_the_port_of_a_sleeping_machine_is_held_until_it_is_awake(asleep: Asleep) -> None:
    assert asleep.ran("cat /tmp/note") == "still-here"
    asleep.student.until(asleep.pk, "running")
    told = asleep.student.call("GET", f"machines/{asleep.pk}/events/").text
    assert "connection from 127.0.0.1" in told


def _visit(port: int, source: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE, source_address=(source, 0)) as visit:
        try:
            return visit.recv(100)
        except ConnectionError:
            return b""


def test_a_stranger_is_refused_and_wakes_nothing(asleep: Asleep) -> None:
    for _turn in range(50):
        assert _visit(asleep.port("ssh"), "127.0.0.7") == b""
    assert asleep.state == "suspended"


def test_a_browser_is_told_and_then_sees_the_page(asleep: Asleep) -> None:
    line = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{asleep.port('http')}/"]

    def code() -> str:
        return subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE).stdout

    assert code() == "503"
    wait_for(lambda: code() == "200", PATIENCE, "the page is there")
    asleep.student.until(asleep.pk, "running")
