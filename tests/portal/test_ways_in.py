"""A kind of way in is added by registering it: page and API show it without knowing its name."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.db import connection
from django.template import engines
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from lib.schemes import SCHEMES
from machines.models import Machine
from machines.offers import Offer
from portal.presenters.launch_cards import LaunchCard
from portal.presenters.show_machines import show, show_all
from portal.ways_in import registry
from portal.ways_in.port_ways import PortWay
from portal.ways_in.ways import Facts, WayIn
from quotas.actions import usage
from tests.api.program import Program
from tests.factories import make_machine
from tunnels.models import Tunnel

if TYPE_CHECKING:
    from accounts.models import User

HOLE = "A <b>hole</b> in the fence: {{ way.address }}{% if way.why_not %} ({{ way.why_not }}){% endif %}"


class Hole(WayIn):
    kind, label, icon, template = "hole", "Hole", "network", "hole.html"

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    @property
    def address(self) -> str:
        return f"hole:{self.machine.address}"

    @property
    def why_not(self) -> str:
        return "" if self.machine.state == "running" else "The fence is locked."


class HoleKind:
    name, service_word = "hole", ""

    def load(self, facts: Facts) -> Iterable[tuple[UUID, WayIn]]:
        return [(machine.pk, Hole(machine)) for machine in facts.machines]


@pytest.fixture
def hole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that no line of page or API knows, with a template of its own."""
    from django.template.loaders.locmem import Loader

    engine: Any = engines["django"].engine  # type: ignore[attr-defined]
    monkeypatch.setattr(engine, "template_loaders", [Loader(engine, {"hole.html": HOLE}), *engine.template_loaders])
    monkeypatch.setattr(registry, "_KINDS", {**registry._KINDS})
    registry.register(HoleKind())


@pytest.fixture
def machine(student: "User") -> Machine:
    return make_machine(student)


def test_the_page_draws_a_new_kind(hole: None, machine: Machine, client: Client) -> None:
    client.force_login(machine.owner)
    assert (
        f"A <b>hole</b> in the fence: hole:{machine.address}" in client.get(f"/machines/{machine.pk}/").content.decode()
    )


def test_the_api_tells_a_new_kind(hole: None, machine: Machine) -> None:
    ways = Program(machine.owner).ask("GET", f"machines/{machine.pk}/").json()["ways_in"]
    assert ways[-1] == {
        "kind": "hole", "label": "Hole", "icon": "network", "address": f"hole:{machine.address}", "available": True, "why_not": "",
        "details": {},
    }  # fmt: skip


def test_access_has_ports_only(hole: None, machine: Machine) -> None:
    access = Program(machine.owner).ask("GET", f"machines/{machine.pk}/").json()["access"]
    assert [port["scheme"] for port in access] == ["ssh", "http"]


def test_what_cannot_be_used_says_why(hole: None, student: "User") -> None:
    asleep = make_machine(student, state="suspended")
    way = Program(student).ask("GET", f"machines/{asleep.pk}/").json()["ways_in"][-1]
    assert (way["available"], way["why_not"]) == (False, "The fence is locked.")


def test_a_page_with_a_new_kind_notices_that_it_changed(hole: None, machine: Machine) -> None:
    before = show(machine, machine.owner).version
    machine.address = "192.0.2.9"
    assert show(machine, machine.owner).version != before


def test_a_name_is_given_once(hole: None) -> None:
    with pytest.raises(ValueError, match="hole already"):
        registry.register(HoleKind())


def test_every_scheme_is_a_kind() -> None:
    assert set(registry._KINDS) == set(SCHEMES)


def test_a_launch_card_says_a_service_in_a_word_of_its_kind(machine: Machine) -> None:
    machine.template.services = [{"name": n, "port": 1, "scheme": n} for n in ("ssh", "http", "https", "tcp")]
    card = LaunchCard(Offer(machine.template, None, waits=False), usage(machine.owner), typical=None)
    with override("es"):
        assert card.services == ["Terminal", "Página web", "tcp"]


@pytest.mark.parametrize(("name", "label"), [("http", "Página web"), ("web", "Página web"), ("Wiki", "Wiki")])
def test_a_port_has_the_word_of_its_kind_unless_the_template_says_more(machine: Machine, name: str, label: str) -> None:
    Tunnel.objects.filter(holder=machine.pk, scheme="http").update(service=name)
    with override("es"):
        assert [way.label for way in show(machine, machine.owner).ways_in] == ["Terminal", label]


def test_kinds_keep_the_order_of_the_template(machine: Machine) -> None:
    ways = show(machine, machine.owner).ways_in
    assert [way.kind for way in ways] == ["ssh", "http"]
    Tunnel.objects.filter(holder=machine.pk, scheme="ssh").update(position=9)
    assert [way.kind for way in show(machine, machine.owner).ways_in] == ["http", "ssh"]


@pytest.mark.parametrize(
    ("state", "answered", "why_not"),
    [("open", True, ""), ("open", False, "Open, but nothing inside answers"), ("closed", False, "Closed")],
)
def test_a_port_says_why_it_leads_nowhere(machine: Machine, state: str, answered: bool, why_not: str) -> None:
    facts = {} if answered else {"answered_at": None}
    Tunnel.objects.filter(holder=machine.pk).update(state=state, **facts)
    assert {way.why_not for way in show(machine, machine.owner).ways_in} == {why_not}


def test_a_port_that_wakes_its_machine_can_be_used(machine: Machine) -> None:
    Tunnel.objects.filter(holder=machine.pk).update(state="held", wanted="held", knock=["203.0.113.7/32"])
    assert all(way.is_available for way in show(machine, machine.owner).ways_in)


def test_only_the_first_ssh_stands_above_the_list(machine: Machine) -> None:
    Tunnel.objects.filter(holder=machine.pk).update(scheme="ssh")
    ways = show(machine, machine.owner).ways_in
    assert [(way.is_main, isinstance(way, PortWay)) for way in ways] == [(True, True), (False, True)]


def test_the_queries_do_not_grow_with_the_machines(student: "User") -> None:
    machines = [make_machine(student) for _number in range(3)]
    counts = []
    for some in (machines[:1], machines):
        with CaptureQueriesContext(connection) as queries:
            show_all(some, student)
        counts.append(len(queries))
    assert counts[0] == counts[1]
