"""The judgement of what was found: one hop is the cause, what only follows from it is not tried."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from lib.notes import Note
from portal.live.checks.check_door import Gate, Subject
from portal.live.checks.hop_diagnosis import (
    CLOSED,
    UNTRIED,
    Hop,
    Tried,
    agent_hop,
    first_broken,
    guest_hop,
    name_hop,
    port_and_tunnel,
    service_hop,
    verdict,
)

GATE = Gate("labs.example", 23001, ("vps.example", 22), True, "up", "open", Note(), ())
RIGHT, AWAY, REFUSED, SILENT = Tried("", 2.0), Tried("agent_away"), Tried("refused"), Tried("no_answer")
SUBJECT = Subject(uuid4(), 22, "ssh", Note(), Note(), GATE, None, False, None, {})


def walked(subject: Subject = SUBJECT, **found: Any) -> list[Hop]:
    """All hops, of a way that is right but for what is said."""
    of = (
        dict.fromkeys(("name", "visit", "echo", "agent", "target", "service"), RIGHT)
        | {"vps": True, "other": False}
        | found
    )
    hops: list[Hop] = []
    if gate := subject.gate:
        pair = port_and_tunnel(subject, gate, of["visit"], of["echo"], of["agent"], vps=of["vps"])
        hops = [name_hop(gate, of["name"]), *pair]
    target = UNTRIED if of["agent"].fault else of["target"]
    guest = guest_hop(subject, target, other_port=of["other"])
    return [*hops, agent_hop(subject, of["agent"]), guest, service_hop(subject, guest, target, of["service"])]


def gate(**facts: Any) -> Subject:
    return replace(SUBJECT, gate=replace(GATE, **facts))


@pytest.mark.parametrize(
    ("cause", "subject", "found"),
    [
        ("name", SUBJECT, {"name": Tried("no_address"), "visit": UNTRIED, "echo": UNTRIED}),
        ("name", SUBJECT, {"name": Tried("name_unheard"), "visit": UNTRIED, "echo": UNTRIED}),
        ("port", SUBJECT, {"visit": REFUSED, "echo": UNTRIED}),  # a firewall
        ("port", SUBJECT, {"visit": SILENT, "echo": UNTRIED, "vps": False}),  # the gateway died in this moment
        ("port", gate(link="unreachable", state="opening"), {"visit": REFUSED, "echo": UNTRIED, "vps": False}),
        ("port", gate(state="failed", note=Note("taken")), {"visit": UNTRIED, "echo": UNTRIED}),
        ("port", gate(is_heard=False), {"visit": SILENT, "echo": UNTRIED, "agent": AWAY, "vps": False}),
        ("tunnel", gate(link="unreachable", state="opening"), {"visit": REFUSED, "echo": UNTRIED}),  # the line between
        ("tunnel", gate(link="host_key", state="opening"), {"visit": UNTRIED, "echo": UNTRIED}),
        ("tunnel", gate(link="denied", state="opening"), {"visit": UNTRIED, "echo": UNTRIED}),
        ("tunnel", gate(state="opening"), {"visit": UNTRIED, "echo": UNTRIED}),
        ("tunnel", SUBJECT, {"visit": CLOSED, "echo": UNTRIED}),  # the agent lost it in this moment
        ("port", SUBJECT, {"visit": CLOSED, "echo": UNTRIED, "vps": False}),
        ("tunnel", SUBJECT, {"echo": Tried("mute")}),
        ("tunnel", SUBJECT, {"echo": Tried("other")}),
        ("agent", gate(is_heard=False), {"visit": REFUSED, "echo": UNTRIED, "agent": AWAY}),
        ("agent", SUBJECT, {"echo": UNTRIED, "agent": AWAY}),  # it stands still: the gateway listens on
        ("agent", SUBJECT, {"agent": Tried("agent_full")}),
        ("guest", SUBJECT, {"target": SILENT}),
        ("service", SUBJECT, {"target": SILENT, "other": True}),  # a firewall in the machine
        ("service", SUBJECT, {"target": REFUSED}),
        ("service", SUBJECT, {"service": Tried("mute")}),
        ("service", SUBJECT, {"service": Tried("other")}),
        ("port", replace(SUBJECT, is_shut=True), {"visit": UNTRIED, "echo": UNTRIED}),
        ("guest", replace(SUBJECT, rest=Note("It sleeps."), advice=Note("Wake it.")), {"visit": UNTRIED, "echo": UNTRIED}),
    ],
)  # fmt: skip
def test_one_hop_is_the_cause_and_says_what_to_do(cause: str, subject: Subject, found: dict[str, Any]) -> None:
    hops = walked(subject, **found)
    broken = first_broken(hops)
    assert broken is not None
    assert broken.name == cause
    assert {hop.ok for hop in hops[: hops.index(broken)]} <= {True, None}
    assert all(hop.note for hop in hops)
    assert verdict(subject, hops, "192.0.2.1") == broken.advice != Note()


def test_a_slow_name_server_is_not_called_a_missing_address() -> None:
    said = [str(name_hop(GATE, Tried(fault)).note) for fault in ("no_address", "name_unheard")]
    assert said == [
        "The name labs.example leads to no address.",
        "No name server said in time where labs.example is.",
    ]


@pytest.mark.parametrize("facts", [{}, {"link": "unreachable", "state": "opening"}])
def test_a_gateway_that_no_name_server_finds_is_not_called_silent(facts: dict[str, Any]) -> None:
    hops = walked(gate(**facts), visit=SILENT, echo=UNTRIED, vps=None)
    assert [hop.ok for hop in hops] == [True, None, None, True, True, True]
    assert "did not come to its end" in str(verdict(SUBJECT, hops, "192.0.2.1"))


@pytest.mark.parametrize(
    "found",
    [{}, {"visit": UNTRIED, "echo": UNTRIED}],  # an older agent expects no visit: its report stands
    ids=["tried", "as the agent said"],
)
def test_a_way_that_is_right_has_no_cause(found: dict[str, Any]) -> None:
    hops = walked(**found)
    assert [hop.ok for hop in hops] == [True] * 6
    assert str(verdict(SUBJECT, hops, "192.0.2.1")).startswith("The whole way is right.")


def test_a_held_port_of_a_sleeper_is_right_as_the_agent_said() -> None:
    subject = replace(gate(state="held"), rest=Note("It sleeps."), advice=Note("Wake it."))
    hops = walked(subject, visit=UNTRIED, echo=UNTRIED)
    assert [hop.ok for hop in hops] == [True, True, True, True, False, None]


def test_what_did_not_come_to_its_end_is_not_called_right() -> None:
    for hops in (walked()[:3], walked()[:5], []):
        assert "did not come to its end" in str(verdict(SUBJECT, hops, "192.0.2.1"))
