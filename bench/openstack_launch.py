"""Measure how long many launches at the same moment take, against a bare openstacksdk script that makes the same servers.

    OS_CLOUD=… python -m bench.openstack_launch [STUDENTS] [ROUNDS]        100 students, 3 rounds of each

On the bench cloud, as root (`../shared/openstack/down; ../shared/openstack/up --driver fake` first: guests are not what is measured):

    OS_CLIENT_CONFIG_FILE=$PWD/../shared/openstack/clouds.yaml OS_CLOUD=labcloud-portal .venv/bin/python -m bench.openstack_launch

One run, one cloud, rounds in turn (bare, portal; portal, bare; …), everything deleted between two. The very first round of the
portal, which makes the students' projects, groups and key pairs, is reported by itself. The portal's times are the click's (before the
request leaves the browser) and those that its own rows keep (created, ready), so that nothing is asked of it or of the cloud
meanwhile but the database, once a second. The bare script is as lean as it can be (bench/bare.py), with as many threads as the
portal has workers, and the portal is frozen (SIGSTOP) while it runs.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from bench import wire
from bench.cluster import Cluster, Student, started
from deploy.local.services import WORKERS
from tests.journeys.stack import wait_for

GIVE_UP_SECONDS = 60
HEARD = "SELECT max(heard_at) > now() - interval '3 seconds' FROM tunnels_gateway"
TIMES = "SELECT extract(epoch FROM ready_at)::float, server_id FROM machines_machine WHERE id = %s"


@dataclass
class Round:
    """Times of one round in seconds, all since the first click (or the bare script's start)."""

    seconds: float
    running: list[float] = field(default_factory=list)  # each machine's, since its own click
    # When Nova itself says that each was launched, since the start; whole seconds.
    active: list[float] = field(default_factory=list)
    launch: Counter[str] = field(default_factory=Counter)
    whole: Counter[str] = field(default_factory=Counter)
    again: int = 0  # clicks that the portal refused, and that were said once more; their time counts from the first

    def describe(self) -> str:
        line = f"all {self.seconds:6.1f} s; last ACTIVE by Nova's own clock {max(self.active):5.0f} s, median {statistics.median(self.active):5.0f} s"
        if self.running:
            each = sorted(self.running)
            p95 = each[min(len(each) - 1, int(0.95 * len(each)))]
            line += f"; each from its click: median {statistics.median(each):.1f}, p95 {p95:.1f}, most {each[-1]:.1f} s"
        return line + (f"; {self.again} CLICKS WERE REFUSED and said again" if self.again else "")


def portal_round(stack: Cluster, students: list[Student]) -> tuple[Round, list[dict[str, Any]]]:
    """Measure the portal. Return its times, and the servers that it made, as Nova has them."""
    time.sleep(2)  # what the round before has left to say is said
    start = stack.tap.mark()
    clicks, again = click_together(stack, students)
    first = min(clicks.values())
    stack.wait_for_state(list(clicks), "running")
    running = stack.tap.mark()
    rows = {pk: stack.sql(TIMES, pk)[0] for pk in clicks}
    servers = told_by_nova(stack, [server_id for _ready, server_id in rows.values()])
    delete(stack, list(clicks), students)
    result = Round(
        seconds=max(ready for ready, _server in rows.values()) - first,
        running=[ready - clicks[pk] for pk, (ready, _server) in rows.items()],
        active=[launched(row) - first for row in servers],
        launch=stack.tap.between(start, running),
        whole=stack.tap.between(start, stack.tap.mark()),
        again=again,
    )
    return result, servers


def click_together(stack: Cluster, students: list[Student]) -> tuple[dict[str, float], int]:
    """Launch for everybody at once. Return (machine, when it was first clicked), and how many clicks had to be repeated."""
    barrier, clicks, refused = threading.Barrier(len(students)), {}, []
    limits = httpx.Limits(max_connections=len(students))

    def click(http: httpx.Client, student: Student) -> None:
        barrier.wait()
        at = time.time()
        while (reply := _launch(http, student)).status_code != 201:
            refused.append(reply.text)
            assert time.time() - at < GIVE_UP_SECONDS, reply.text
        clicks[reply.json()["id"]] = at

    with httpx.Client(base_url=f"{stack.url}/api/v1/", timeout=300, limits=limits) as http:
        threads = [threading.Thread(target=click, args=(http, student)) for student in students]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(clicks) == len(students), refused[:3]
    for text in sorted(set(refused))[:3]:
        print(f"  a click was answered: {text[:200]}")
    return clicks, len(refused)


def _launch(http: httpx.Client, student: Student) -> httpx.Response:
    return http.post("machines/", json={"template": "bench", "name": student.name}, headers=student.header)


def told_by_nova(stack: Cluster, servers: list[str]) -> list[dict[str, Any]]:
    said = stack.sdk.compute.get("/servers/detail?all_tenants=1&limit=1000", microversion="2.69").json()
    rows = [row for row in said["servers"] if row["id"] in set(servers)]
    wrong = [row["status"] for row in rows if row["status"] != "ACTIVE"]
    assert len(rows) == len(servers), f"{len(rows)} of {len(servers)} are there"
    assert not wrong, wrong
    return rows


def launched(row: dict[str, Any]) -> float:
    return datetime.fromisoformat(row["OS-SRV-USG:launched_at"]).replace(tzinfo=UTC).timestamp()


def delete(stack: Cluster, machines: list[str], students: list[Student]) -> None:
    """Delete machines as their owners, through the API."""
    with httpx.Client(base_url=f"{stack.url}/api/v1/", timeout=60) as http:
        for student in students:
            for row in http.get("machines/", headers=student.header).json():
                http.delete(f"machines/{row['id']}/", headers=student.header).raise_for_status()
    stack.wait_for_state(machines, "gone")
    stack.wait_until_empty()


class BareScript:
    """The process of the bare script."""

    def __init__(self, stack: Cluster, wishes: list[dict[str, Any]]) -> None:
        self.stack, self.start = stack, stack.tap.mark()
        environment = {**os.environ, **stack.tap.environment}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.bare"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.say({"wishes": wishes, "threads": int(WORKERS)})
        self.signing_in = stack.tap.between(self.start)

    def say(self, what: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(what if isinstance(what, str) else json.dumps(what), file=self.process.stdin, flush=True)
        if not (line := self.process.stdout.readline()):
            raise RuntimeError("the bare script ended: see above")
        message: dict[str, Any] = json.loads(line)
        return message

    def round(self) -> Round:
        with frozen(self.stack):
            start = self.stack.tap.mark()
            answer = self.say("make")
            made = self.stack.tap.mark()
            servers = told_by_nova(self.stack, answer["servers"])
            self.say("delete")
            return Round(
                seconds=answer["seconds"],
                active=[launched(row) - answer["began"] for row in servers],
                launch=self.stack.tap.between(start, made),
                whole=self.stack.tap.between(start, self.stack.tap.mark()),
            )

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def frozen(stack: Cluster) -> Iterator[None]:
    """Stop the portal's processes while the bare script runs. Its servers (database, Redis) only wait."""
    status = stack.status
    pids = [status["supervisor"], *(p["pid"] for p in status["processes"] if p["pid"] and p["name"] not in SERVERS)]
    for pid in pids:
        _signal(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(pids):
            _signal(pid, signal.SIGCONT)
    # Its agent had been silent; no new port is given out before it was heard again.
    wait_for(lambda: stack.sql(HEARD)[0][0], 120, "the agent is heard again")


SERVERS = ("postgres", "redis")


def _signal(pid: int, which: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # a job that has ended by itself
        os.killpg(pid, which)


def wishes(stack: Cluster, servers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the portal asked for, read back from its servers; tagged otherwise, or the portal would tidy them away."""
    flavors = {flavor.name: flavor.id for flavor in stack.cloud.flavors()}
    network = stack.cloud.network.id
    return [
        {"project": row["tenant_id"], "server": _wish(stack, row, flavors, network)}
        for row in sorted(servers, key=lambda row: row["name"])
    ]


def _wish(stack: Cluster, row: dict[str, Any], flavors: dict[str, str], network: str) -> dict[str, Any]:
    groups = stack.sdk.network.get(f"/security-groups?project_id={row['tenant_id']}&name=minga").json()
    wish = {
        "name": f"bare-{row['name']}",
        "flavor_id": flavors[row["flavor"]["original_name"]],
        "image_id": row["image"]["id"],
        "networks": [{"uuid": network}],
        "security_groups": [{"name": groups["security_groups"][0]["id"]}],
        "metadata": {key.replace("minga_", "bare_"): value for key, value in row["metadata"].items()},
        "tags": [tag.replace("minga-", "bare-") for tag in row["tags"]],
        "key_name": row["key_name"],
        "user_data": row.get("OS-EXT-SRV-ATTR:user_data"),
    }
    return {name: value for name, value in wish.items() if value}


def run(stack: Cluster, number: int, rounds: int) -> None:
    students = stack.make_students(number)
    first, servers = portal_round(stack, students)
    print(f"portal, the very first (projects, groups, key pairs): {first.describe()}", flush=True)
    script = BareScript(stack, wishes(stack, servers))
    done: dict[str, list[Round]] = {"bare": [], "portal": []}
    try:
        for turn in range(rounds):
            for who in ("bare", "portal") if turn % 2 == 0 else ("portal", "bare"):
                measured = script.round() if who == "bare" else portal_round(stack, students)[0]
                done[who].append(measured)
                print(f"{who}, round {turn + 1}: {measured.describe()}", flush=True)
    finally:
        script.stop()
    report(done, first, script.signing_in, number)


def report(done: dict[str, list[Round]], first: Round, signing_in: Counter[str], number: int) -> None:
    ours, bare = (statistics.median(r.seconds for r in done[who]) for who in ("portal", "bare"))
    print(
        f"\nAll of {number}: portal {ours:.1f} s, bare {bare:.1f} s (medians): ratio {ours / bare:.3f}; the very first round "
        f"{first.seconds:.1f} s, ratio {first.seconds / bare:.3f}"
    )
    for name, which in (("from the click until all run", "launch"), ("the whole round, deleting included", "whole")):
        columns = {
            "portal 1st": getattr(first, which),
            "portal": _mean([getattr(r, which) for r in done["portal"]]),
            "bare": _mean([getattr(r, which) for r in done["bare"]]),
        }
        print(f"\n  {name}\n{wire.table(columns, number)}")
    asked = ", ".join(f"{kind} {count}" for kind, count in signing_in.most_common())
    print(f"\n  the bare script's signing in, once, before its clock: {asked}")


def _mean(rounds: list[Counter[str]]) -> Counter[str]:
    total: Counter[str] = sum(rounds, Counter())
    return Counter({kind: count / len(rounds) for kind, count in total.items()})  # type: ignore[misc]


def main() -> None:
    parser = argparse.ArgumentParser(description="Many students launch at the same moment, against a bare script.")
    parser.add_argument("students", type=int, nargs="?", default=100)
    parser.add_argument("rounds", type=int, nargs="?", default=3)
    asked = parser.parse_args()
    with started() as stack:
        print(
            f"{asked.students} students, {asked.rounds} rounds of each, {WORKERS} workers, {WORKERS} threads of the bare script."
        )
        run(stack, asked.students, asked.rounds)


if __name__ == "__main__":
    main()
