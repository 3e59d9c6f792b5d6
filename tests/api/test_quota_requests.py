"""Refusals of the quota as data, and requests for more, by the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from quotas.models import Grant, QuotaRequest
from tests.api.program import Program
from tests.factories import grant, make_gateway, make_machine, make_template

WHY = "For the thesis."


@pytest.fixture
def author(teacher: User) -> Program:
    make_template(created_by=teacher)
    return Program(teacher)


@pytest.fixture
def asked(api: Any, author: Program) -> dict[str, Any]:
    reply = api.ask("POST", "requests/", {"template": "lab", "reason": WHY})
    assert reply.status_code == 201, reply.content
    return dict(reply.json())


def in_days(days: int) -> str:
    return (timezone.now() + timedelta(days=days)).isoformat()


def test_a_full_quota_says_what_lacks_and_the_ways_out(api: Any) -> None:
    machine = make_machine(api.user, name="condor")
    Grant.objects.update(machines=1)
    body = api.ask("POST", "machines/", {"template": "lab"}).json()
    assert body["detail"] == "Your quota is 1 machine, and you have 1."
    assert body["lacking"] == [{"measure": "machines", "asked": 1, "used": 1, "limit": 1, "left": 0, "short": 1}]
    assert [(way["verb"], way["machine"], way["name"]) for way in body["ways_out"]] == [
        ("archive", str(machine.pk), "condor"),
        ("delete", str(machine.pk), "condor"),
        ("ask", None, ""),
    ]
    assert all(way["detail"] for way in body["ways_out"])


def test_an_administrator_is_told_of_the_owners_quota(api: Any, admin: User) -> None:
    machine = make_machine(api.user)
    Grant.objects.update(ports=2)
    body = Program(admin).ask("POST", f"machines/{machine.pk}/ports/", {"port": 8080}).json()
    assert "quota of student" in body["detail"]
    assert "ask" not in [way["verb"] for way in body["ways_out"]]


def test_a_refused_launch_leaves_nothing_and_can_be_repeated(api: Any) -> None:
    make_gateway()
    make_template()
    grant(api.user, machines=0)
    replies = [api.ask("POST", "machines/", {"template": "lab"}, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [409, 409]
    assert replies[1].json()["ways_out"][0]["verb"] == "ask"


def test_it_asks_for_one_machine_of_the_template(asked: dict[str, Any]) -> None:
    assert asked["amounts"] == {"machines": 1, "vcpus": 1, "ram_mb": 256, "disk_gb": 1, "ports": 2}
    assert (asked["who"], asked["state"], asked["template"], asked["decided_by"]) == ("student", "open", "lab", "")


def test_it_asks_for_amounts(api: Any, author: Program) -> None:
    reply = api.ask("POST", "requests/", {"template": "lab", "reason": WHY, "amounts": {"ram_mb": 512}})
    assert reply.json()["amounts"] == {"ram_mb": 512}


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"template": "none"}, "template"), ({"template": "\0"}, "template"), ({"reason": ""}, "reason"), ({"reason": " "}, "reason"),
        ({"reason": "x" * 501}, "reason"), ({"amounts": {}}, "amounts"), ({"amounts": []}, "amounts"), ({"amounts": {"machines": 99}}, "amounts"),
        ({"amounts": {"machines": -1}}, "amounts.machines"), ({"amounts": {"machines": 10**30}}, "amounts.machines"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field(api: Any, author: Program, sent: dict[str, Any], field: str) -> None:
    reply = api.ask("POST", "requests/", {"template": "lab", "reason": WHY, **sent})
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid")
    assert [error["field"] for error in reply.json()["errors"]] == [field]


def test_the_same_again_is_409(api: Any, asked: dict[str, Any]) -> None:
    reply = api.ask("POST", "requests/", {"template": "lab", "reason": WHY})
    assert (reply.status_code, reply.json()["code"]) == (409, "asked_already")


def test_who_sees_it(asked: dict[str, Any], author: Program, admin: User, stranger: Any, api: Any) -> None:
    programs = {"student": api, "author": author, "admin": Program(admin), "stranger": stranger}
    seen = {name: len(program.ask("GET", "requests/").json()) for name, program in programs.items()}
    assert seen == {"student": 1, "author": 1, "admin": 1, "stranger": 0}
    to_decide = {name: len(program.ask("GET", "requests/?to_decide=true").json()) for name, program in programs.items()}
    assert to_decide == {"student": 0, "author": 1, "admin": 1, "stranger": 0}
    assert stranger.ask("GET", f"requests/{asked['id']}/").status_code == 404


def test_the_author_approves_until_a_date(asked: dict[str, Any], author: Program) -> None:
    sent = {"state": "approved", "note": "Good luck.", "ends_at": in_days(30)}
    body = author.ask("PATCH", f"requests/{asked['id']}/", sent).json()
    assert (body["state"], body["decided_by"], body["note"]) == ("approved", "teacher", "Good luck.")
    assert body["ends_at"][:10] == sent["ends_at"][:10]
    assert Grant.objects.get().machines == 1


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({"state": "approved"}, 400, "ends_at"),
        ({"state": "approved", "ends_at": "9999-12-31T23:59:59-05:00"}, 400, "ends_at"),
        ({"state": "approved", "ends_at": "2020-01-01T00:00:00Z"}, 400, "ends_at"),
        ({"state": "refused"}, 400, "note"),
        ({"state": "open"}, 400, "state"),
        ({}, 400, "state"),
    ],
)
def test_a_decision_that_lacks_something(
    asked: dict[str, Any], author: Program, sent: dict[str, Any], status: int, field: str
) -> None:
    reply = author.ask("PATCH", f"requests/{asked['id']}/", sent)
    assert (reply.status_code, [error["field"] for error in reply.json()["errors"]]) == (status, [field])
    assert QuotaRequest.objects.get().state == "open"


def test_the_person_does_not_decide(asked: dict[str, Any], api: Any) -> None:
    assert api.ask("PATCH", f"requests/{asked['id']}/", {"state": "approved"}).status_code == 403
    assert not Grant.objects.exists()


def test_twice_is_one_grant(asked: dict[str, Any], admin: User) -> None:
    replies = [Program(admin).ask("PATCH", f"requests/{asked['id']}/", {"state": "approved"}) for _ in range(2)]
    assert ([reply.status_code for reply in replies], Grant.objects.count()) == ([200, 409], 1)


def test_the_list_is_paged(asked: dict[str, Any], admin: User) -> None:
    row = QuotaRequest.objects.get()
    for _further in range(3):
        row.pk, row.subject = None, row.subject + 1
        row.save()
    reply = Program(admin).ask("GET", "requests/?limit=2&state=open")
    assert (len(reply.json()), "rel=" in reply["Link"]) == (2, True)
