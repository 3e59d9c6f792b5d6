"""Kill anything at random while machines are launched, put to sleep, woken and deleted; count what is left over.

    python -m bench.chaos [LAUNCHES] [SEED]

It starts a Minga of its own with simulated guests, says the wishes through the API, and kills (or empties Redis) about once
a second. At the end every machine must have reached its last wish: one server each, its own ports, the right quota.
"""

import argparse
import random
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.journeys.stack import Person, Stack, wait_for

VICTIMS = ["worker", "beat", "agent", "web", "cloud", "redis", "vps", "flushall"]
PEOPLE = ("student", "student2", "teacher", "donor", "admin")


class Killer(threading.Thread):
    """Strikes one part every half to one and a half seconds until told to stop."""

    def __init__(self, stack: Stack, dice: random.Random) -> None:
        super().__init__(daemon=True)
        self.stack, self.dice, self.enough, self.blows = stack, dice, threading.Event(), Counter[str]()

    def run(self) -> None:
        while not self.enough.wait(self.dice.uniform(0.5, 1.5)):
            victim = self.dice.choice(VICTIMS)
            try:
                self.stack.flush_redis() if victim == "flushall" else self.stack.kill(victim)
            except (OSError, RuntimeError) as error:
                print(f"  {victim} was down already: {error}")
            except Exception as error:  # redis-py's own errors while Redis is down
                if type(error).__module__.partition(".")[0] != "redis":
                    raise
            self.blows[victim] += 1


def one_life(person: Person, dice: random.Random) -> tuple[str, float]:
    """Launch, sleep, wake, delete; wishes are said without waiting for a calm moment. (what it came to, seconds)"""
    began = time.monotonic()
    reply = person.call("GET", "templates/", seconds=120).json()[0]["slug"]
    made = person.call("POST", "machines/", json={"template": reply}, seconds=120)
    if made.status_code != 201:
        return f"refused {made.status_code}", time.monotonic() - began
    pk = made.json()["id"]
    for verb, state in (("", "running"), ("suspend", "suspended"), ("wake", "running"), ("delete", "gone")):
        if verb:
            _say(person, pk, verb)
        person.until(pk, state, seconds=180)
        time.sleep(dice.uniform(0, 0.5))
    return "whole life", time.monotonic() - began


def _say(person: Person, pk: str, verb: str) -> None:
    """A wish whose reply may be lost: a second one is refused as already said (409), which is as good."""
    method, path = ("DELETE", f"machines/{pk}/") if verb == "delete" else ("POST", f"machines/{pk}/{verb}/")
    reply = person.call(method, path, seconds=120)
    assert reply.status_code in (202, 409), reply.text


def run(stack: Stack, launches: int, seed: int) -> dict[str, Any]:
    dice = random.Random(seed)
    people = [Person(stack, name) for name in PEOPLE]
    todo = iter(range(launches))
    results: list[tuple[str, float]] = []

    def live(person: Person, own: random.Random) -> None:
        for _n in todo:
            try:
                results.append(one_life(person, own))
            except AssertionError as error:
                results.append((f"LOST: {error}", 0.0))

    killer = Killer(stack, random.Random(seed + 1))
    killer.start()
    lives = [threading.Thread(target=live, args=(p, random.Random(dice.random()))) for p in people]
    for thread in lives:
        thread.start()
    for thread in lives:
        thread.join()
    killer.enough.set()
    killer.join()
    return {"results": results, "blows": killer.blows, "left": _left(stack, people)}


def _left(stack: Stack, people: list[Person]) -> dict[str, int]:
    """What is still there after all have been deleted; every figure should be 0."""
    stack.whole()
    wait_for(lambda: not [s for s in stack.cloud.list_servers().servers if s.machine], 60, "no server left")
    return {
        "servers": len([s for s in stack.cloud.list_servers().servers if s.machine]),
        "machines": sum(len(p.call("GET", "machines/").json()) for p in people),
        "quota": sum(sum(p.used().values()) for p in people),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill anything at random and count what is left over.")
    parser.add_argument("launches", type=int, nargs="?", default=20)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    asked = parser.parse_args()
    launches, seed = asked.launches, asked.seed
    with tempfile.TemporaryDirectory(prefix="minga-chaos-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        stack = Stack(Path(folder) / "data", "simulated", LOCAL_CLOUD_BUILD_SECONDS="2").start()
        try:
            told = run(stack, launches, seed)
        finally:
            stack.stop()
    outcomes = Counter(what for what, _seconds in told["results"])
    times = sorted(seconds for what, seconds in told["results"] if what == "whole life")
    print(f"launches {launches}, seed {seed}, blows {sum(told['blows'].values())}: {dict(told['blows'])}")
    print(f"outcomes: {dict(outcomes)}")
    if times:
        print(
            f"a whole life took {times[0]:.1f} / {times[len(times) // 2]:.1f} / {times[-1]:.1f} s (least, median, most)"
        )
    print(f"left over: {told['left']}")


if __name__ == "__main__":
    main()
