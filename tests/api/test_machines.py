"""The life of a machine through the API."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from machines.models import Machine
from machines.rules import allowed_to_admins
from tests.api.program import Program
from tests.factories import grant, make_gateway, make_machine, make_template
from tunnels.models import Tunnel


def test_launch_by_slug_and_by_id(api: Any) -> None:
    make_gateway()
    grant(api.user)
    template = make_template()
    for word in (template.slug, template.pk, str(template.pk)):
        reply = api.ask("POST", "machines/", {"template": word, "name": f"web {word!r}"})
        assert (reply.status_code, reply.json()["state"], reply.json()["template"]) == (201, "new", "lab")


def test_over_the_quota_is_409_with_the_numbers(api: Any) -> None:
    make_gateway()
    make_template()
    grant(api.user, machines=0)
    reply = api.ask("POST", "machines/", {"template": "lab"})
    assert (reply.status_code, reply.json()["code"]) == (409, "quota_exceeded")


def test_it_tells_how_to_come_in(api: Any, machine: Machine) -> None:
    ssh, http = api.ask("GET", f"machines/{machine.pk}/").json()["access"]
    assert (ssh["service"], ssh["state"], ssh["user"]) == ("ssh", "open", "student")
    assert ssh["command"] == f"ssh -p {ssh['port']} student@127.0.0.1"
    assert http["url"] == f"http://127.0.0.1:{http['port']}/"


@pytest.mark.parametrize(
    ("state", "verb", "wanted"),
    [("running", "suspend", "suspended"), ("suspended", "wake", "running"), ("running", "shelve", "shelved"),
     ("running", "restart", "running"), ("running", "reset", "running"), ("failed", "retry", "running")],
)  # fmt: skip
def test_a_verb_is_accepted(api: Any, state: str, verb: str, wanted: str) -> None:
    machine = make_machine(api.user, state=state)
    reply = api.ask("POST", f"machines/{machine.pk}/{verb}/")
    assert (reply.status_code, reply.json()["wanted"], reply.json()["settled"]) == (202, wanted, False)


def test_a_verb_that_makes_no_sense_now_is_409(api: Any, machine: Machine) -> None:
    reply = api.ask("POST", f"machines/{machine.pk}/wake/")
    assert (reply.status_code, reply.json()["code"]) == (409, "wrong_state")


def test_delete_is_accepted_once(api: Any, machine: Machine) -> None:
    assert api.ask("DELETE", f"machines/{machine.pk}/").status_code == 202
    assert api.ask("DELETE", f"machines/{machine.pk}/").status_code == 409


def test_a_gone_machine_is_told_by_its_id_only(api: Any) -> None:
    machine = make_machine(api.user, state="gone", gone_at=timezone.now())
    told = api.ask("GET", f"machines/{machine.pk}/").json()
    assert (told["state"], told["access"], told["actions"]) == ("gone", [], [])
    assert api.ask("GET", "machines/").json() == []


def test_it_can_be_renamed(api: Any, machine: Machine) -> None:
    assert api.ask("PATCH", f"machines/{machine.pk}/", {"name": "thesis"}).json()["name"] == "thesis"


def test_one_more_port_and_away_again(api: Any, machine: Machine) -> None:
    opened = api.ask(
        "POST", f"machines/{machine.pk}/ports/", {"port": 8000, "scheme": "http", "allow": ["203.0.113.7"]}
    )
    assert (opened.status_code, opened.json()["target_port"], opened.json()["extra"]) == (201, 8000, True)
    address = f"machines/{machine.pk}/ports/{opened.json()['id']}/"
    assert api.ask("DELETE", address).status_code == 204
    assert api.ask("DELETE", address).status_code == 404


def test_a_templates_port_stays(api: Any, machine: Machine) -> None:
    port = api.ask("GET", f"machines/{machine.pk}/ports/").json()[0]
    assert api.ask("DELETE", f"machines/{machine.pk}/ports/{port['id']}/").status_code == 409


def test_events_are_read_page_by_page(api: Any, machine: Machine) -> None:
    for name in "abc":
        api.ask("PATCH", f"machines/{machine.pk}/", {"name": name})
    first = api.ask("GET", "events/?limit=2").json()
    second = api.ask("GET", f"machines/{machine.pk}/events/?limit=2&before={first[-1]['id']}").json()
    assert [e["id"] for e in first + second] == sorted({e["id"] for e in first + second}, reverse=True)
    assert len(first + second) == 4


def test_a_stranger_reads_the_same_as_for_an_id_that_is_none(stranger: Program, machine: Machine) -> None:
    tunnel = Tunnel.objects.filter(holder=machine.pk)[0]
    for method, rest in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "suspend/"), ("GET", "ports/"), ("POST", "ports/"),
                         ("DELETE", f"ports/{tunnel.pk}/"), ("GET", "events/")]:  # fmt: skip
        theirs, none = (
            stranger.ask(method, f"machines/{pk}/{rest}", {"name": "x", "port": 1}) for pk in (machine.pk, uuid4())
        )
        assert (theirs.status_code, theirs.json()) == (404, none.json()), (method, rest)


def test_a_stranger_has_an_empty_list_and_an_admin_everything(stranger: Program, admin: Any, machine: Machine) -> None:
    assert stranger.ask("GET", "machines/?all=1").json() == []
    assert stranger.ask("GET", "events/").json() == []
    assert [m["owner"] for m in Program(admin).ask("GET", "machines/?all=1").json()] == ["student"]


@pytest.mark.slow
def test_fifty_machines_cost_the_queries_of_two(api: Any) -> None:
    grant(api.user, machines=90, vcpus=90, ram_mb=90_000, disk_gb=90, ports=200)
    api.ask("GET", "machines/")  # the first request of a new address writes it down
    counts = []
    for more in (2, 48):
        for number in range(more):
            make_machine(api.user, state=("running", "building")[number % 2])
        with CaptureQueriesContext(connection) as queries:
            assert api.ask("GET", "machines/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("verb", ["rescue", "move"])
def test_the_api_refuses_a_student_with_403(api: Any, verb: str) -> None:
    reply = api.ask("POST", f"machines/{make_machine(api.user, state='failed').pk}/{verb}/")
    assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("state", ["running", "failed", "suspended"])
def test_the_actions_of_an_administrator_are_those_that_are_granted(api: Any, admin: User, state: str) -> None:
    machine = make_machine(api.user, state=state, server_id="s-1", ready_at=timezone.now())
    for who, program in ((api.user, api), (admin, Program(admin))):
        listed = set(program.ask("GET", f"machines/{machine.pk}/").json()["actions"])
        granted = allowed_to_admins(machine) if who == admin else set()
        assert listed & {"rescue", "move"} == granted


def test_one_that_vanished_stays_in_the_list_until_it_is_dismissed(api: Any) -> None:
    gone_at = timezone.now() - timedelta(days=400)
    machine = make_machine(api.user, state="gone", gone_at=gone_at, vanished=True)
    assert [(row["id"], row["vanished"]) for row in api.ask("GET", "machines/").json()] == [(str(machine.pk), True)]
    type(machine).objects.update(dismissed_at=timezone.now())
    assert api.ask("GET", "machines/").json() == []


@pytest.mark.parametrize(
    ("state", "verb", "on_the_way"),
    [
        ("running", "suspend", "suspending"), ("running", "shelve", "shelving"), ("running", "restart", "waking"),
        ("running", "reset", "building"), ("suspended", "wake", "waking"), ("failed", "retry", "waking"),
        ("running", "archive", "archiving"),
    ],
)  # fmt: skip
def test_the_answer_to_a_verb_has_the_state_on_the_way(api: Any, state: str, verb: str, on_the_way: str) -> None:
    machine = make_machine(api.user, state=state)
    told = api.ask("POST", f"machines/{machine.pk}/{verb}/").json()
    assert (told["state"], told["settled"]) == (on_the_way, False)
    assert api.ask("GET", f"machines/{machine.pk}/").json()["state"] == on_the_way


def test_the_answer_to_a_delete_has_the_state_on_the_way(api: Any, machine: Machine) -> None:
    assert api.ask("DELETE", f"machines/{machine.pk}/").json()["state"] == "deleting"


def test_one_more_port_leaves_it_running(api: Any, machine: Machine) -> None:
    api.ask("POST", f"machines/{machine.pk}/ports/", {"port": 8000})
    assert api.ask("GET", f"machines/{machine.pk}/").json()["state"] == "running"
