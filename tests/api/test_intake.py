"""minga-intake speaks to the portal: without a token, by its code, and strangers learn nothing."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from nodes.intake import code_text, intake_codes
from nodes.models import Measurement
from portal.api.intake import MOST_BYTES
from tests.nodes.donated import make_computer
from tests.nodes.intake import recorded


@pytest.fixture
def code(admin: User) -> str:
    return intake_codes.make(computer=make_computer("received"), by=admin).code


def post(sent: Any, **headers: str) -> Any:
    text = sent if isinstance(sent, str) else json.dumps(sent)
    return Client(enforce_csrf_checks=True).post(
        "/api/v1/intake/", text, content_type="application/json", headers=headers
    )


def test_what_it_says_is_written_down_and_judged(code: str) -> None:
    disk = {**recorded.facts()["disks"][0], "reallocated": 8}
    reply = post({"code": code, "facts": recorded.facts(disks=[disk], ram_installed_mb=512)})
    number = Measurement.objects.get().computer.number
    assert (reply.status_code, reply.json()) == (
        201, {"number": number, "why": "It has too little memory.", "bad_disks": ["sda"]},
    )  # fmt: skip


def test_used_and_wrong_codes_read_the_same(code: str) -> None:
    sent = {"code": code, "facts": recorded.facts()}
    assert post(sent).status_code == 201
    replies = [post(sent), post({**sent, "code": code_text.make()}), post({**sent, "code": "x"})]
    assert [reply.status_code for reply in replies] == [403] * 3
    assert {reply.content for reply in replies} == {replies[0].content}
    assert replies[0].json()["code"] == "bad_code"


def test_odd_facts_are_named_and_the_code_works_afterwards(code: str) -> None:
    disks = [{"name": "sda", "size_gb": "big"}]
    reply = post({"code": code, "facts": recorded.facts(disks=disks, ram_mb=0)})
    assert reply.status_code == 400
    assert [each["field"] for each in reply.json()["errors"]] == ["facts.ram_mb", "facts.disks.0.size_gb"]
    assert post({"code": code, "facts": recorded.facts()}).status_code == 201


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "x",
        "[]",
        "null",
        "5",
        '{"code": 5}',
        '{"code": "x"}',
        {"code": "x", "facts": []},
        {"facts": {}},
        {"code": "x", "facts": None},
    ],
)
def test_what_is_no_report_is_refused(sent: Any, db: None) -> None:
    assert post(sent).status_code == 400


@pytest.mark.parametrize(
    "more",
    [
        '"cpu":1e999',
        '"cpu":NaN',
        '"ram_mb":' + "9" * 5000,
        '"serial":"\\ud800"',
        '"disks":' + "[" * 3000 + "]" * 3000,
        '"cards":[null]',
    ],
)
def test_what_json_cannot_carry_is_refused_and_the_code_works_afterwards(more: str, code: str) -> None:
    facts = json.dumps(recorded.facts())
    assert post(f'{{"code": "{code}", "facts": {facts[:-1]}, {more}}}}}').status_code == 400
    assert post({"code": code, "facts": recorded.facts()}).status_code == 201


def test_what_is_too_much_for_a_computer_is_not_read(code: str) -> None:
    reply = post({"code": code, "facts": recorded.facts(rubbish="x" * MOST_BYTES)})
    assert (reply.status_code, reply.json()["code"]) == (413, "too_large")
    assert post({"code": code, "facts": recorded.facts()}).status_code == 201


def test_a_token_of_nobody_does_not_hinder_it(code: str) -> None:
    assert post({"code": code, "facts": recorded.facts()}, Authorization="Bearer x").status_code == 201


def test_it_answers_in_the_language_of_the_terminal(db: None) -> None:
    reply = post({"code": "x", "facts": recorded.facts()}, **{"Accept-Language": "es"})
    assert (
        reply.json()["detail"]
        == "Este código ya no funciona, o nunca funcionó. Crea otro en la página de la computadora."
    )


def test_nothing_is_read_there(db: None) -> None:
    assert Client().get("/api/v1/intake/").status_code == 405
