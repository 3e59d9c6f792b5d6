"""Kill anything at random while machines are launched, put to sleep, woken and deleted; count what is left over.

    python -m bench.chaos [LAUNCHES] [SEED]                     a Minga of its own with simulated guests, 20 launches
    OS_CLOUD=… python -m bench.chaos [LAUNCHES] [SEED]          the same on an OpenStack, 100 launches

On the bench cloud, as root (`../shared/openstack/down; ../shared/openstack/up --driver fake` first: guests are not what is tried):

    OS_CLIENT_CONFIG_FILE=$PWD/../shared/openstack/clouds.yaml OS_CLOUD=labcloud-portal .venv/bin/python -m bench.chaos

It says the wishes through the API, and kills -9 (or empties Redis) about once a second, on an OpenStack every three (--pace). At the
end every machine must have reached its last wish: one server each, ports of its own that it kept over sleep, the quota given back.
On an OpenStack, what Nova and Keystone have of the bench's students is counted, too: servers, and projects made twice. Exit code 1
when anything is left over. `make test-chaos` is something else: a test for each part and moment of one life, which holds or fails.
"""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.cluster import Cluster, Pupil, enter, started
from tests.journeys.stack import Person, Stack, wait_for

# And the local cloud, where it is ours to kill.
VICTIMS = ["worker", "beat", "agent", "web", "live", "redis", "vps", "flushall"]
PEOPLE = ("student", "student2", "teacher", "donor", "admin")
CROWD = 10  # students on an OpenStack
# A claim must outlast a slow call of the cloud (20 s); a second server, if ever one is made, is to be seen and removed in this run.
ON_OPENSTACK = {"CLAIM_SECONDS": "30", "STRAY_SECONDS": "20", "SWEEP_WHOLE_SECONDS": "20"}
REMOVED_SECONDS = 240  # two rounds of tidying after the last wish
HAS_CLUSTER = bool(os.environ.get("OS_CLOUD") or os.environ.get("OS_AUTH_URL"))
# A worker beside a whole cloud on two processors needs some seconds to start: struck once a second, it would never get to work.
PACE = 3.0 if HAS_CLUSTER else 1.0
PATIENCE = 900.0 if HAS_CLUSTER else 180.0  # for one wish, while everything is killed


@dataclass
class Life:
    outcome: str
    seconds: float
    ports: frozenset[int] = frozenset()
    began_at: float = 0.0  # from when to when these ports were this machine's, as its owner was told
    ended_at: float = 0.0


class Killer(threading.Thread):
    """Kill one part about every `pace` seconds until told to stop."""

    def __init__(self, stack: Stack, dice: random.Random, pace: float) -> None:
        super().__init__(daemon=True)
        self.victims = VICTIMS if isinstance(stack, Cluster) else [*VICTIMS, "cloud"]
        self.stack, self.dice, self.pace = stack, dice, pace
        self.enough, self.blows = threading.Event(), Counter[str]()

    def run(self) -> None:
        while not self.enough.wait(self.pace * self.dice.uniform(0.5, 1.5)):
            victim = self.dice.choice(self.victims)
            try:
                self.stack.flush_redis() if victim == "flushall" else self.stack.kill(victim)
            except (OSError, RuntimeError) as error:
                print(f"  {victim} was down already: {error}")
            except Exception as error:  # redis-py's own errors while Redis is down
                if type(error).__module__.partition(".")[0] != "redis":
                    raise
            self.blows[victim] += 1


def one_life(person: Person, dice: random.Random) -> Life:
    """Launch, sleep, wake and delete a machine, without waiting for a calm moment."""
    began = time.monotonic()
    template = person.call("GET", "templates/").json()[0]["slug"]
    made = person.call("POST", "machines/", json={"template": template})
    if made.status_code != 201:
        return Life(f"refused {made.status_code}", time.monotonic() - began)
    pk = made.json()["id"]
    ports = _ports(person.until(pk, "running", PATIENCE))
    had_at = time.monotonic()
    for verb, state in (("suspend", "suspended"), ("wake", "running")):
        time.sleep(dice.uniform(0, 0.5))
        _say(person, pk, verb)
        there = person.until(pk, state, PATIENCE)
    outcome = "whole life" if _ports(there) == ports else "OTHER PORTS after a sleep"
    ended_at = time.monotonic()
    _say(person, pk, "delete")
    person.until(pk, "gone", PATIENCE)
    return Life(outcome, time.monotonic() - began, ports, had_at, ended_at)


def _ports(machine: dict[str, Any]) -> frozenset[int]:
    return frozenset(access["port"] for access in machine["access"])


def _say(person: Person, pk: str, verb: str) -> None:
    """Send a wish whose reply may be lost: a second one is refused as already said (409), which is as good."""
    method, path = ("DELETE", f"machines/{pk}/") if verb == "delete" else ("POST", f"machines/{pk}/{verb}/")
    reply = person.call(method, path)
    assert reply.status_code in (202, 409), reply.text


def run(stack: Stack, people: list[Person], launches: int, seed: int, pace: float) -> dict[str, Any]:
    dice = random.Random(seed)
    for person in people:
        person.patience = PATIENCE
    todo = iter(range(launches))
    lives: list[Life] = []

    def live(person: Person, own: random.Random) -> None:
        for _n in todo:
            try:
                lives.append(one_life(person, own))
            except (AssertionError, httpx.TransportError) as error:
                lives.append(Life(f"LOST: {error!r}", 0.0))

    killer = Killer(stack, random.Random(seed + 1), pace)
    killer.start()
    threads = [threading.Thread(target=live, args=(p, random.Random(dice.random())), daemon=True) for p in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    killer.enough.set()
    killer.join()
    stack.whole()
    unknown = delete_unknown(people)
    left = {**_left(stack, people), "double ports": double_ports(lives)}
    return {"lives": lives, "blows": killer.blows, "unknown": unknown, "left": left}


def delete_unknown(people: list[Person]) -> int:
    """Delete machines that their owner never heard of: web died between the launch and its reply, and the owner asked again."""
    found = [(person, row["id"]) for person in people for row in person.call("GET", "machines/").json()]
    for person, pk in found:
        _say(person, pk, "delete")
    for person, pk in found:
        person.until(pk, "gone", PATIENCE)
    return len(found)


def double_ports(lives: list[Life]) -> int:
    """Return the pairs of machines that had the same public port at the same time."""
    whole = [life for life in lives if life.ports]
    pairs = ((one, other) for n, one in enumerate(whole) for other in whole[:n])
    at_once = (p for p in pairs if p[0].began_at < p[1].ended_at and p[1].began_at < p[0].ended_at)
    return sum(bool(one.ports & other.ports) for one, other in at_once)


def _left(stack: Stack, people: list[Person]) -> dict[str, int]:
    """Count what is still there after all have been deleted; every figure should be 0."""
    if isinstance(stack, Cluster):
        return {**_left_of(people), **_left_on(stack)}
    wait_for(lambda: not [s for s in stack.cloud.list_servers().servers if s.machine], 60, "no server left")
    return {"servers": len([s for s in stack.cloud.list_servers().servers if s.machine]), **_left_of(people)}


def _left_of(people: list[Person]) -> dict[str, int]:
    return {
        "machines": sum(len(p.call("GET", "machines/").json()) for p in people),
        "quota": sum(sum(p.used().values()) for p in people),
    }


def _left_on(stack: Cluster) -> dict[str, int]:
    """Count what is left in Nova, Keystone and the database, looked at directly."""
    try:
        stack.wait_until_empty(REMOVED_SECONDS)
    except AssertionError as error:
        print(error)
    owners = Counter(owner for _project, owner in stack.projects())
    count = "SELECT count(*) FROM "
    return {
        "servers in Nova": len(stack.ours()),
        "projects made twice": sum(number - 1 for number in owners.values()),
        "reservations": stack.sql(count + "quotas_reservation WHERE closed_at IS NULL")[0][0],
        "ports not given back": stack.sql(count + "tunnels_tunnel WHERE wanted <> 'gone'")[0][0],
    }


@contextmanager
def somewhere() -> Iterator[tuple[Stack, list[Person]]]:
    """Yield an installation and its people: on the OpenStack that is named, else with the local cloud."""
    if HAS_CLUSTER:
        with started(**ON_OPENSTACK) as cluster:
            students = cluster.make_students(CROWD, machines=3)  # room for one whose reply is lost
            yield cluster, [Pupil(cluster, student) for student in students]
        return
    with tempfile.TemporaryDirectory(prefix="minga-chaos-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        stack = Stack(Path(folder) / "data", "simulated", LOCAL_CLOUD_BUILD_SECONDS="2").start()
        try:
            yield stack, [Person(stack, name) for name in PEOPLE]
        finally:
            stack.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill anything at random and count what is left over.")
    parser.add_argument("launches", type=int, nargs="?", default=100 if HAS_CLUSTER else 20)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--pace", type=float, default=PACE, help="seconds between two blows, about")
    asked = parser.parse_args()
    if HAS_CLUSTER:
        enter()
    with somewhere() as (stack, people):
        result = run(stack, people, asked.launches, asked.seed, asked.pace)
        asked_nova = _creates(stack)
    blows = result["blows"]
    print(f"launches {asked.launches}, seed {asked.seed}, blows {blows.total()}, one in {asked.pace} s: {dict(blows)}")
    print(f"launched, but the reply was lost, so the owner launched again: {result['unknown']} (deleted at the end)")
    sys.exit(report(asked.launches, result["lives"], result["left"], asked_nova))


def _creates(stack: Stack) -> str:
    """Count how often a server was asked for: more often than launched is no fault, as long as none is left over."""
    if not isinstance(stack, Cluster):
        return ""
    return f"Nova was asked for a server {stack.tap.between(0)['compute POST /servers']} times"


def report(launches: int, lives: list[Life], left: dict[str, int], asked_nova: str) -> int:
    outcomes = Counter(life.outcome for life in lives)
    times = sorted(life.seconds for life in lives if life.outcome == "whole life")
    print(f"outcomes: {dict(outcomes)}; {asked_nova}".removesuffix("; "))
    if times:
        print(
            f"a whole life took {times[0]:.1f} / {times[len(times) // 2]:.1f} / {times[-1]:.1f} s (least, median, most)"
        )
    print(f"left over: {left}")
    good = outcomes == {"whole life": launches} and not any(left.values())
    print("Nothing is left over." if good else "NOT AS IT SHOULD BE: see above.")
    return 0 if good else 1


if __name__ == "__main__":
    main()
