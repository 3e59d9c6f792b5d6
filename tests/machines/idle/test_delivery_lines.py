"""Lines in open terminals: by a way of the portal's own, only where somebody is, and only soon after the question."""

import getpass
import select
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Notice, User
from courses.models import Template
from lib.ed25519 import fingerprint
from machines import terminal_lines
from machines.idle import delivery
from machines.models import HostKey, Machine, Question
from tests.machines.idle.asked import asked, notice, visited
from tests.machines.idle.guest import HERE, can_run, make_key, openssh
from tests.machines.world import Clock
from tests.ports import free_port
from tunnels.models import Tunnel

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
real_sshd = pytest.mark.skipif(
    not can_run(), reason="needs sshd, and root, to write into no terminals but the test's own"
)


@pytest.fixture
def ask(student: User, tmp_path: Path, settings: Any) -> Question:
    """Ask about a machine to which somebody is connected; the portal has a key."""
    settings.PORTAL_KEY_FILE = str(make_key(tmp_path, "portal"))
    settings.PORTAL_URL = "https://labs.example.org"
    ask = asked(visited(student, name="condor"))
    Tunnel.objects.update(connections=1)
    return ask


def turn() -> int:
    return delivery.write_lines(timezone.now())


def what_came(ask: Question) -> tuple[str, str]:
    line = notice(ask, "terminal")
    return line.state, line.fault


def test_nobody_connected_is_no_way_there(ask: Question) -> None:
    Tunnel.objects.update(connections=0)
    assert turn() == 0
    assert what_came(ask) == ("none", "Nobody is connected.")


def test_a_portal_without_a_key_has_no_way_there(ask: Question, settings: Any) -> None:
    settings.PORTAL_KEY_FILE = ""
    turn()
    assert what_came(ask)[0] == "none"


def test_none_of_these_moves_the_deadline(ask: Question) -> None:
    Tunnel.objects.update(connections=0)
    turn()
    assert Question.objects.get().ends_at is None


def test_a_port_that_refuses_is_tried_again_and_then_given_up(ask: Question, clock: Clock) -> None:
    Question.objects.update(asked_at=timezone.now())
    Notice.objects.update(next_at=timezone.now())
    Tunnel.objects.update(target_host=HERE, reach_port=free_port())
    states = []
    for _try in range(4):
        turn()
        states.append(what_came(ask)[0])
        clock.move(21)
    assert states == ["due", "due", "failed", "failed"]
    assert "could not be reached" in what_came(ask)[1]


@pytest.fixture
def person(ask: Question, tmp_path: Path) -> Iterator[Path]:
    """Put a real guest behind the machine's port; return the key of its person."""
    key = make_key(tmp_path, "person")
    with openssh(tmp_path, f"{key.with_suffix('.pub').read_text()}{terminal_lines.key_line()}\n") as port:
        Tunnel.objects.filter(scheme="ssh").update(target_host=HERE, reach_port=port)
        Template.objects.update(login=getpass.getuser())
        yield key


@real_sshd
def test_with_nobody_at_a_terminal_nobody_was_told(ask: Question, person: Path) -> None:
    assert turn() == 0
    assert what_came(ask) == ("none", "No terminal is open.")


@real_sshd
def test_a_machine_without_a_public_port_for_ssh_is_reached(ask: Question, person: Path) -> None:
    """The owner comes by the portal, and gave the port back."""
    port = Tunnel.objects.get(scheme="ssh").reach_port or 0
    Tunnel.objects.filter(scheme="ssh").delete()
    Machine.objects.update(address=HERE, port_map={"22": port})
    with Watcher(person, port) as watcher:
        assert turn() == 1
        watcher.reads("https://labs.example.org")


@real_sshd
def test_a_line_that_was_written_begins_the_countdown(ask: Question, person: Path) -> None:
    with Watcher(person, Tunnel.objects.get(scheme="ssh").reach_port or 0) as watcher:
        assert turn() == 1
        watcher.reads("Still using condor? It goes to sleep at ")
        watcher.reads("https://labs.example.org")
    ask.refresh_from_db()
    assert what_came(ask) == ("delivered", "")
    assert ask.ends_at == notice(ask, "terminal").delivered_at + timedelta(minutes=15)  # type: ignore[operator]


@real_sshd
def test_a_changed_host_key_is_refused_and_told(ask: Question, person: Path, tmp_path: Path) -> None:
    turn()  # pins it
    make_key(tmp_path, "other")
    other = ed25519_line(tmp_path / "other.pub")
    HostKey.objects.update(key=other)
    Notice.objects.update(state="due", next_at=timezone.now())
    turn()
    assert what_came(ask) == ("none", "Its SSH shows another host key than the one that is known.")
    note = str(ask.machine.events.first().note)  # type: ignore[union-attr]
    assert f"Minga knows it by {fingerprint(other)}, so it did not connect." in note


def ed25519_line(path: Path) -> str:
    return " ".join(path.read_text().split()[:2])


class Watcher:
    """A person at a terminal of the guest, in a process of their own."""

    def __init__(self, key: Path, port: int) -> None:
        options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        command = ["ssh", "-tt", "-F", "none", "-i", str(key), *options, "-p", str(port), HERE, "echo ready; exec cat"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.seen = b""

    def __enter__(self) -> "Watcher":
        self.reads("ready")
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def reads(self, words: str) -> None:
        assert self.process.stdout
        while words.encode() not in self.seen:
            assert select.select([self.process.stdout], [], [], 5)[0], self.seen
            more = self.process.stdout.read1(1000)  # type: ignore[attr-defined]
            assert more, self.seen
            self.seen += more
