"""Unmanaged servers, for programs of administrators."""

from typing import Any

import pytest

from machines.models import Machine, Stray
from tests.api.program import Program
from tests.factories import grant, make_gateway, make_template

GIVE = {"person": "student", "template": "lab"}


@pytest.fixture
def program(admin: Any) -> Program:
    return Program(admin)


@pytest.fixture(autouse=True)
def _ready(student: Any) -> None:
    make_gateway()
    grant(student)
    make_template()
    Stray.objects.create(server_id="server-1", name="mail", status="active", vcpus=1, ram_mb=256, disk_gb=1)


def test_they_are_listed(program: Program) -> None:
    [told] = program.ask("GET", "servers/").json()
    assert (told["id"], told["kind"], told["size"]["ram_mb"], told["owner"]) == ("server-1", "other", 256, "")
    assert program.ask("GET", "servers/?search=nothing%00").json() == []


def test_one_is_given_to_a_person(program: Program, student: Any) -> None:
    answer = program.ask("POST", "servers/server-1/adopt/", GIVE)
    assert (answer.status_code, answer.json()["owner"], answer.json()["name"]) == (201, "student", "mail")
    assert Machine.objects.get().owner == student


@pytest.mark.parametrize("who", ["student", "teacher", "donor"])
def test_others_may_not(request: pytest.FixtureRequest, who: str) -> None:
    program = Program(request.getfixturevalue(who))
    answers = [program.ask("GET", "servers/"), program.ask("POST", "servers/server-1/adopt/", GIVE)]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(403, "forbidden")] * 2


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"person": "nobody"}, 400, "unknown_person"),
        ({"person": "\x00"}, 400, "invalid"),
        ({"template": "nothing"}, 400, "unknown_template"),
        ({"template": 5}, 400, "invalid"),
        ({"name": "a\nb"}, 400, "bad_name"),
    ],
)
def test_a_wrong_word_is_a_400(program: Program, wrong: dict[str, Any], status: int, code: str) -> None:
    answer = program.ask("POST", "servers/server-1/adopt/", {**GIVE, **wrong})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("facts", "code"), [({"status": "error"}, "wrong_state"), ({"ram_mb": 90_000}, "quota_exceeded")]
)
def test_what_cannot_be_is_a_409(program: Program, facts: dict[str, Any], code: str) -> None:
    Stray.objects.update(**facts)
    answer = program.ask("POST", "servers/server-1/adopt/", GIVE)
    assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_the_second_is_told_that_it_is_taken(program: Program) -> None:
    program.ask("POST", "servers/server-1/adopt/", GIVE)
    assert program.ask("POST", "servers/server-1/adopt/", GIVE).json()["code"] == "adopted_already"
    assert program.ask("GET", "servers/").json() == []


def test_an_unknown_server_is_a_404(program: Program) -> None:
    assert program.ask("POST", "servers/no-such/adopt/", GIVE).status_code == 404


def test_wrong_methods_are_405(program: Program) -> None:
    assert program.ask("POST", "servers/", {}).status_code == 405
    assert program.ask("GET", "servers/server-1/adopt/").status_code == 405
