"""kill -9 of any part, at each step of a life: the machine reaches what was wished, once."""

import time
from typing import Any

import httpx
import pytest

from cloud.contract import CloudBusy
from tests.journeys.stack import Person, Stack, is_shut, wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

VICTIMS = ["worker", "beat", "agent", "web", "cloud", "redis", "vps", "flushall"]
# Seconds after the wish at which the blow falls, one for each step: at once, while it is under way, near its end.
DELAYS = {"launch": 0.9, "suspend": 0.15, "wake": 0.4, "delete": 0.05}


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


def strike_after(delay: float, stack: Stack, victim: str) -> None:
    """The wish has been said; everything must come right by itself."""
    time.sleep(delay)
    strike(stack, victim)


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_life_survives_the_death_of(victim: str, stack: Stack, person: Person) -> None:
    machine = person.launch(name=f"chaos-{victim}")
    pk = machine["id"]
    strike_after(DELAYS["launch"], stack, victim)
    ports = _ports(person.until(pk, "running"))
    _must_be_one(stack, person, pk)
    for verb, state in (("suspend", "suspended"), ("wake", "running")):
        person.call("POST", f"machines/{pk}/{verb}/")
        strike_after(DELAYS[verb], stack, victim)
        assert _ports(person.until(pk, state)) == ports
        _must_be_one(stack, person, pk)
    person.call("DELETE", f"machines/{pk}/")
    strike_after(DELAYS["delete"], stack, victim)
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
        20,
        "exactly one server",
        say=lambda: str(_number_of_servers(stack, pk)),
    )
    assert person.used() | {"machines": 1, "ports": 2} == person.used()


def _must_be_none(stack: Stack, person: Person, pk: str, ports: dict[str, int]) -> None:
    wait_for(lambda: _number_of_servers(stack, pk) == 0, 20, "no server left")
    assert set(person.used().values()) == {0}
    wait_for(lambda: all(map(is_shut, ports.values())), 20, f"{ports} are shut")


def _number_of_servers(stack: Stack, pk: str) -> int | None:
    """None while the cloud is down."""
    try:
        return len(stack.servers(pk))
    except CloudBusy:
        return None
