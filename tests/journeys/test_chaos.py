"""kill -9 of any part, at each step of a life: the machine reaches what was wished, once.

In two sizes. `make test` kills each part once, at one moment of a life. `make test-chaos` (the mark `chaos_all`) kills each of them at
all four moments of one life: all 36 combinations. `bench.chaos` is something else: many lives under blows at random, and a count of
what is left over.
"""

import time
from typing import Any

import httpx
import pytest

from cloud.contract import CloudBusy
from tests.journeys.kinds import on_simulated
from tests.journeys.stack import Person, Stack, is_shut, wait_for
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.chaos, pytest.mark.slow, on_simulated]

VICTIMS = ["worker", "beat", "agent", "web", "live", "cloud", "redis", "vps", "flushall"]
# Seconds after the wish at which the blow falls, one for each step: at once, while it is under way, near its end.
DELAYS = {"launch": 0.9, "suspend": 0.15, "wake": 0.4, "delete": 0.05}
# Each part once and each moment twice or more: who is in the middle of it there has most to lose.
BLOWS = [
    ("worker", "launch"), ("cloud", "launch"), ("redis", "suspend"), ("beat", "suspend"),
    ("agent", "wake"), ("vps", "wake"), ("flushall", "delete"), ("web", "delete"),
    ("live", "wake"),
]  # fmt: skip


@pytest.fixture
def person(stack: Stack) -> Person:
    stack.whole()
    someone = Person(stack, "student")
    for machine in someone.call("GET", "machines/").json():
        someone.call("DELETE", f"machines/{machine['id']}/")
        someone.until(machine["id"], "gone")
    return someone


def strike(stack: Stack, victim: str) -> None:
    if victim == "flushall":
        stack.flush_redis()
        return
    stack.whole()  # a part that is still down from the last blow cannot die
    assert stack.kill(victim)


@pytest.mark.parametrize(("victim", "moment"), BLOWS)
def test_a_life_survives_one_blow(victim: str, moment: str, stack: Stack, person: Person) -> None:
    _live(stack, person, victim, {moment})


@pytest.mark.chaos_all
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_life_survives_the_death_of(victim: str, stack: Stack, person: Person) -> None:
    _live(stack, person, victim, set(DELAYS))


def test_the_blows_are_each_part_once_and_each_moment_twice_or_more() -> None:
    assert sorted(victim for victim, _moment in BLOWS) == sorted(VICTIMS)
    moments = [moment for _victim, moment in BLOWS]
    assert all(moments.count(moment) >= 2 for moment in DELAYS)
    assert set(moments) == set(DELAYS)


def _live(stack: Stack, person: Person, victim: str, moments: set[str]) -> None:
    """A whole life in which `victim` dies at those moments: each wish is said, and everything must come right by itself."""

    def strike_at(moment: str) -> None:
        if moment in moments:
            time.sleep(DELAYS[moment])
            strike(stack, victim)

    pk = person.launch(name=f"chaos-{victim}")["id"]
    strike_at("launch")
    ports = _ports(person.until(pk, "running"))
    _must_be_one(stack, person, pk)
    for verb, state in (("suspend", "suspended"), ("wake", "running")):
        person.call("POST", f"machines/{pk}/{verb}/")
        strike_at(verb)
        assert _ports(person.until(pk, state)) == ports
        _must_be_one(stack, person, pk)
    person.call("DELETE", f"machines/{pk}/")
    strike_at("delete")
    person.until(pk, "gone")
    _must_be_none(stack, person, pk, ports)


def test_a_web_process_killed_under_a_launch_makes_one_machine_or_none(stack: Stack, person: Person) -> None:
    template = person.call("GET", "templates/").json()[0]["slug"]
    for n in range(4):
        stack.whole()
        before = {m["id"] for m in person.call("GET", "machines/").json()}
        _launch_and_kill(stack, person, template, delay=0.01 * n)
        stack.whole()
        made = [m["id"] for m in person.call("GET", "machines/").json() if m["id"] not in before]
        assert len(made) <= 1
        assert person.used()["machines"] == len(before) + len(made)
        for pk in made:
            person.until(pk, "running")
            person.call("DELETE", f"machines/{pk}/")
            person.until(pk, "gone")


def _launch_and_kill(stack: Stack, person: Person, template: str, *, delay: float) -> None:
    import threading

    killer = threading.Timer(delay, stack.kill, args=("web",))
    killer.start()
    try:
        person.http.post("machines/", json={"template": template})
    except httpx.TransportError:
        pass
    killer.join()


def _ports(machine: dict[str, Any]) -> dict[str, int]:
    return {line["service"]: line["port"] for line in machine["access"]}


def _must_be_one(stack: Stack, person: Person, pk: str) -> None:
    wait_for(
        lambda: _number_of_servers(stack, pk) == 1,
        PATIENCE,
        "exactly one server",
        say=lambda: str(_number_of_servers(stack, pk)),
    )
    assert person.used() | {"machines": 1, "ports": 2} == person.used()


def _must_be_none(stack: Stack, person: Person, pk: str, ports: dict[str, int]) -> None:
    wait_for(lambda: _number_of_servers(stack, pk) == 0, PATIENCE, "no server left")
    assert set(person.used().values()) == {0}
    wait_for(lambda: all(map(is_shut, ports.values())), PATIENCE, f"{ports} are shut")


def _number_of_servers(stack: Stack, pk: str) -> int | None:
    """None while the cloud is down."""
    try:
        return len(stack.servers(pk))
    except CloudBusy:
        return None
