"""Measure wake on connect: how long from the first connection to the prompt, and what scanners cost.

    python -m bench.knock wake [--rounds N]        a sleeping QEMU guest (local cloud), or with OS_CLOUD one of that OpenStack
    python -m bench.knock scan [--seconds N]       strangers at held ports, while another port carries as much as it can

wake: rounds in turn. “bare”: the cloud alone is asked to resume the server, until it says ACTIVE. “knock”: ssh to the public port of
the sleeping machine, until its command has been answered. “awake”: the same ssh while the machine runs. All on this computer.

scan: strangers come from addresses that are in no list, at 1000 a second, to twenty held ports; before and after it is quiet. The scanners, the
gateway, the agent and both ends of the bulk transfer share this computer's processors, so its own work counts against the transfer, too.
"""

import argparse
import contextlib
import os
import random
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from bench import needs
from tests.journeys.stack import Person, Stack, make_key, ssh, wait_for
from tests.tunnels.agent_stage import SSHD, Stage, staged
from tests.tunnels.targets import HERE
from tests.waiting import until

CHUNK = bytes(1 << 20)
GUESTS = ("qemu-system-x86_64", "qemu-img", "mke2fs")  # of the local cloud with QEMU
LOGIN = os.environ.get("BENCH_LOGIN", "lab")  # who signs in to the guests of an OpenStack
HELD = 20  # ports at which scanners knock
NOT_THEM = ["203.0.113.9/32", "2001:db8:1:2::/64", *(f"198.51.100.{number}/32" for number in range(60))]


# ---- strangers ----


def scan(ports: range, a_second: float, seconds: float) -> int:
    """Knock so often, read to the end, hang up. Returns how many were refused. Runs in a process of its own."""
    poll, open_now, refused, began, sent = select.epoll(), {}, 0, time.monotonic(), 0
    while (now := time.monotonic() - began) < seconds or open_now:
        while now < seconds and sent < now * a_second and len(open_now) < 500:
            sent += 1
            visit = socket.socket()
            visit.bind((f"127.0.{random.randrange(1, 250)}.{random.randrange(1, 250)}", 0))
            visit.connect((HERE, random.choice(ports)))
            visit.setblocking(False)
            open_now[visit.fileno()] = visit
            poll.register(visit, select.EPOLLIN)
        for number, _event in poll.poll(0.002):
            visit = open_now.pop(number)
            poll.unregister(number)
            with contextlib.suppress(OSError):
                refused += visit.recv(100) == b""
            visit.close()
        if time.monotonic() - began > seconds + 10:
            break
    print(sent, refused)
    return refused


class Bulk:
    """A transfer that never ends, through one open port; how much has come."""

    def __init__(self, port: int) -> None:
        self.came, self.is_over = 0, False
        self.visit = socket.create_connection((HERE, port))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        buffer = bytearray(1 << 20)
        with contextlib.suppress(OSError):
            while count := self.visit.recv_into(buffer):
                self.came += count

    def rate(self, seconds: float) -> list[float]:
        """Return MB per second."""
        rates = []
        for _number in range(int(seconds)):
            before, began = self.came, time.monotonic()
            time.sleep(1)  # the second that is measured
            rates.append((self.came - before) / (1 << 20) / (time.monotonic() - began))
        return rates


def endless() -> int:
    """Open a port that sends for ever to everybody."""
    server = socket.create_server((HERE, 0))

    def pour(visitor: socket.socket) -> None:
        with contextlib.suppress(OSError), visitor:
            while True:
                visitor.sendall(CHUNK)

    def serve() -> None:
        while True:
            threading.Thread(target=pour, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1])


def scanners(seconds: float, a_second: float, kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder, staged(Path(folder), kind, HELD + 1) as stage:
        held = [stage.portal.wish(stage.first + 1 + n, 9, hold=True, probe=False, knock=NOT_THEM) for n in range(HELD)]
        open_key = stage.portal.wish(stage.first, endless())
        until(lambda: all(stage.portal.line(key).get("state") == "held" for key in held))
        until(lambda: stage.portal.is_open(open_key))
        bulk = Bulk(stage.first)
        bulk.rate(3)
        before, quiet = _memory(stage), Spell(stage, bulk)
        quiet.last(seconds / 2)
        noisy = Spell(stage, bulk)
        counts = _while_scanned(stage, noisy, seconds, a_second)
        after = _memory(stage)
        quiet.last(seconds / 2)
        _tell(kind, seconds, quiet, noisy, counts, (before, after), len(stage.portal.knocks))


class Spell:
    """A span of time: how much passes in it, and how much processor time the agent and the gateway need for it."""

    def __init__(self, stage: Stage, bulk: Bulk) -> None:
        self.stage, self.bulk = stage, bulk
        self.rates: list[float] = []
        self.agent = self.gateway = 0.0  # seconds of a processor

    def last(self, seconds: float) -> None:
        agent, gateway = _processor(self.stage.agent.process.pid), _processor(self.stage.vps.process.pid)
        self.rates += self.bulk.rate(seconds)
        self.agent += _processor(self.stage.agent.process.pid) - agent
        self.gateway += _processor(self.stage.vps.process.pid) - gateway

    @property
    def rate(self) -> float:
        return statistics.mean(self.rates)


def _processor(pid: int) -> float:
    family = [root := psutil.Process(pid), *root.children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in family)


def _while_scanned(stage: Stage, spell: Spell, seconds: float, a_second: float) -> str:
    ports = f"{stage.first + 1}:{stage.first + 1 + HELD}"
    line = [sys.executable, "-m", "bench.knock", "strangers", "--ports", ports]
    line += ["--seconds", str(seconds), "--rate", str(a_second)]
    # A session of its own: Linux shares processors out by sessions, and strangers have computers of their own.
    strangers = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(1.5)  # until Python has started there
    spell.last(seconds - 2)
    return strangers.communicate(timeout=60)[0].strip()


def _memory(stage: Stage) -> float:
    return psutil.Process(stage.agent.process.pid).memory_info().rss / (1 << 20)


def _tell(
    kind: str, seconds: float, quiet: Spell, noisy: Spell, counts: str, memory: tuple[float, float], knocks: int
) -> None:
    sent, refused = counts.split()
    print(
        f"gateway: {kind}; strangers came {sent} times, refused {refused} times, reported to the portal {knocks} times"
    )
    print(f"agent: {memory[0]:.1f} MB before, {memory[1]:.1f} MB after")
    kept = 100 * noisy.rate / quiet.rate
    print(f"the other port: {quiet.rate:.0f} MB/s while it is quiet, {noisy.rate:.0f} MB/s meanwhile: {kept:.0f} %")
    for name in ("agent", "gateway"):
        # What the transfer itself needs is known from when it was quiet. This does not depend on who else uses the computer.
        transfer = sum(noisy.rates) * getattr(quiet, name) / sum(quiet.rates)
        each = (getattr(noisy, name) - transfer) / (float(sent) * len(noisy.rates) / seconds)
        print(f"  each stranger cost the {name} {1e6 * each:.0f} µs of a processor")


# ---- from the knock to the prompt ----


class Sleeper:
    """A machine that is put to sleep, and woken in two ways."""

    def __init__(self, stack: Stack, person: Person, folder: Path) -> None:
        self.stack, self.person = stack, person
        self.key = make_key(folder)
        for key in person.call("GET", "keys/").json():
            person.call("DELETE", f"keys/{key['id']}/")  # a small guest takes one
        person.call("POST", "keys/", json={"name": "bench", "public_key": self.key.with_name("key.pub").read_text()})
        self.machine = person.launch(name="sleeper")["id"]
        person.until(self.machine, "running", 300)
        [self.server] = [server.id for server in stack.servers(self.machine)]

    def door(self) -> dict[str, Any]:
        return next(door for door in self.person.machine(self.machine)["access"] if door["scheme"] == "ssh")

    def sleep(self) -> None:
        self.person.call("POST", f"machines/{self.machine}/suspend/")
        self.person.until(self.machine, "suspended", 120)
        wait_for(lambda: self.door()["state"] == "held", 30, "its port is held")
        time.sleep(1)  # the agent has heard who may knock

    def come_in(self) -> float:
        door = self.door()
        began = time.monotonic()
        done = ssh(door["port"], self.key, "echo here", user=door["user"], seconds=150)
        took = time.monotonic() - began
        assert done.stdout.strip() == "here", done.stderr
        return took

    def bare(self) -> float:
        """Wake it by asking the cloud itself, beside the portal, which takes over what it finds."""
        began = time.monotonic()
        self.stack.cloud.ensure_running(self.server)
        wait_for(self._is_active, 120, "the cloud says ACTIVE")
        took = time.monotonic() - began
        self.person.until(self.machine, "running", 120)
        return took

    def _is_active(self) -> bool:
        return any(s.status == "active" and not s.task for s in self.stack.servers(self.machine))


def wake(rounds: int) -> None:
    with contextlib.contextmanager(_stack)() as (stack, person), tempfile.TemporaryDirectory() as folder:
        sleeper = Sleeper(stack, person, Path(folder))
        sleeper.come_in()
        ways: dict[str, Callable[[], float]] = {"bare": sleeper.bare, "knock": sleeper.come_in}
        times: dict[str, list[float]] = {"bare": [], "knock": [], "awake": []}
        for number in range(rounds):
            for name in sorted(ways, reverse=bool(number % 2)):
                sleeper.sleep()
                times[name].append(ways[name]())
                person.until(sleeper.machine, "running", 120)
                times["awake"].append(sleeper.come_in())
        person.call("DELETE", f"machines/{sleeper.machine}/")
        for name, each in times.items():
            print(
                f"{name}: median {statistics.median(each):.2f} s of {len(each)}: {' '.join(f'{t:.2f}' for t in each)}"
            )
        more = statistics.median(times["knock"]) - statistics.median(times["bare"])
        print(
            f"from the knock to the prompt: {more:.2f} s more than the cloud alone needs, of which ssh itself", end=" "
        )
        print(f"{statistics.median(times['awake']):.2f} s")


def _stack() -> Iterator[tuple[Stack, Person]]:
    if os.environ.get("OS_CLOUD"):
        from bench.cluster import Pupil, started  # openstacksdk is needed for nothing else here

        with started(BOOT_SECONDS="180") as cluster:  # its guests are waited for
            cluster.django(f"from courses.models import Template; Template.objects.update(login={LOGIN!r})")
            yield cluster, Pupil(cluster, cluster.make_students(1)[0])
        return
    folder = Path(tempfile.mkdtemp(prefix="minga-knock-", dir="/tmp"))
    folder.chmod(0o755)
    stack = Stack(folder / "data", "qemu").start()
    try:
        yield stack, Person(stack, "student")
    finally:
        stack.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="Wake on knock: times and scanners.")
    parser.add_argument("what", choices=["wake", "scan", "strangers"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=1000, help="strangers a second")
    parser.add_argument("--gateway", choices=["openssh", "embedded"], default="openssh" if SSHD else "embedded")
    parser.add_argument("--ports", default="", help="of the strangers' own process")
    wish = parser.parse_args()
    if wish.what == "wake":
        needs.tools("ssh", "ssh-keygen", *([] if os.environ.get("OS_CLOUD") else GUESTS))
        wake(wish.rounds)
    elif wish.what == "scan":
        needs.tools("ssh-keygen", *(["sshd"] if wish.gateway == "openssh" else []))
        scanners(wish.seconds, wish.rate, wish.gateway)
    else:
        first, _colon, last = wish.ports.partition(":")
        scan(range(int(first), int(last)), wish.rate, wish.seconds)


if __name__ == "__main__":
    main()
