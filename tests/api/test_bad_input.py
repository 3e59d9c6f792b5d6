"""Bad input: the right status and a sentence, never a 500."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import SshKey, User
from machines.models import Machine
from tests.api.program import Program
from tests.factories import make_template

ODD: list[Any] = [
    None, True, 5, -1, 10**30, 1.5, "", " ", "a\x00b", "a\nb", "x" * 10_000, "\u202e", "\ud800", [], [1], {}, {"a": 1}, "٣",
]  # fmt: skip
FIELDS = [
    ("POST", "machines/", "template", {"name": "x"}),
    ("PATCH", "{machine}", "name", {}),
    ("POST", "{machine}ports/", "port", {}),
    ("POST", "{machine}ports/", "scheme", {"port": 99}),
    ("POST", "{machine}ports/", "allow", {"port": 99}),
    ("POST", "keys/", "public_key", {"name": "x"}),
    ("POST", "auth/token/", "username", {"password": "x"}),
    ("POST", "auth/token/", "password", {"username": "nobody"}),
]


def is_problem(reply: Any) -> bool:
    told = reply.json()
    return (
        reply["Content-Type"] == "application/problem+json"
        and told["status"] == reply.status_code
        and bool(told["detail"])
    )


@pytest.mark.parametrize(("method", "path", "field", "rest"), FIELDS)
def test_odd_values(api: Any, machine: Machine, method: str, path: str, field: str, rest: dict[str, Any]) -> None:
    fine: list[tuple[str, Any]] = [("port", 5), ("allow", []), ("template", machine.template_id)]
    for value in ODD:
        reply = api.ask(method, path.format(machine=f"machines/{machine.pk}/"), {**rest, field: value})
        if any(field == f and value == v and type(value) is type(v) for f, v in fine):
            assert reply.status_code == 201, value
        elif not (field == "name" and value == "٣"):
            assert reply.status_code in (400, 401, 429), (value, reply.content)
            assert is_problem(reply)


@pytest.mark.parametrize(
    "value",
    ['"\\ud800"', "1e400", "-1e400", "NaN", "9" * 5000, "[" * 100_000, '{"a":' * 50_000, "0", "70000", "22.0", '"abc"'],
)
@pytest.mark.parametrize(
    ("path", "field"),
    [("machines/", "template"), ("keys/", "public_key"), ("{machine}ports/", "port"), ("templates/", "name")],
)
def test_raw_json(api: Any, machine: Machine, value: str, path: str, field: str) -> None:
    type(api.user).objects.filter(pk=api.user.pk).update(roles=["teacher"])  # who may make templates
    reply = api.ask("POST", path.format(machine=f"machines/{machine.pk}/"), f'{{"{field}": {value}}}')
    assert reply.status_code == 400, reply.content
    assert is_problem(reply)


@pytest.mark.parametrize("body", ["", "null", "[]", "5", '"x"', "{", b"\xff\xfe", "{}"])
@pytest.mark.parametrize("path", ["machines/", "keys/", "auth/token/"])
def test_a_body_that_is_no_object(api: Any, path: str, body: Any) -> None:
    reply = api.ask("POST", path, body)
    assert reply.status_code == 400
    assert is_problem(reply)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Invalid data. Expected"), ("es", "Datos inválidos. Se esperaba")]
)
def test_null_is_refused_with_a_sentence_as_a_list_is(api: Any, language: str, said: str) -> None:
    for body in ("null", "[]"):
        reply = api.ask("POST", "machines/", body, **{"Accept-Language": language})
        assert reply.json()["detail"].startswith(said)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k1"}])
@pytest.mark.parametrize(
    ("path", "status"),
    [("templates/", 403), ("servers/none/adopt/", 403), ("machines/{machine}/ports/", 404), ("machines/{machine}/snapshots/", 404), ("keys/1/install/", 404)],
)  # fmt: skip
def test_the_right_is_asked_for_before_the_body_is_read(
    student2: User, machine: Machine, path: str, status: int, headers: dict[str, str]
) -> None:
    reply = Program(student2).ask("POST", path.format(machine=machine.pk), '{"name":', **headers)
    assert reply.status_code == status, reply.content


@pytest.mark.parametrize("body", ["{", "[" * 5000, b"\xff", '{"name": "\\ud800"}'])
def test_with_a_key_too_a_body_that_nobody_can_read_is_400(api: Any, body: Any) -> None:
    replies = [api.ask("POST", "keys/make/", body, **{"Idempotency-Key": "k1"}) for _time in range(2)]
    assert [reply.status_code for reply in replies] == [400, 400]
    assert not SshKey.objects.exists()


def test_a_validation_error_names_the_field_and_says_what_to_do(api: Any, machine: Machine) -> None:
    told = api.ask("POST", f"machines/{machine.pk}/ports/", {"port": "abc"}).json()
    assert told["errors"] == [{"field": "port", "detail": "A port is a number from 1 to 65535."}]
    assert told["detail"] == "port: A port is a number from 1 to 65535."


def test_half_a_service_of_a_template_is_refused_at_its_field(api: Any) -> None:
    template = make_template(created_by=api.user)
    type(api.user).objects.filter(pk=api.user.pk).update(roles=["teacher"])
    reply = api.ask("PATCH", f"templates/{template.slug}/", {"services": [{"name": "ssh"}]})
    assert reply.status_code == 400
    assert [line["field"] for line in reply.json()["errors"]] == ["services.0.port", "services.0.scheme"]


def test_the_page_of_the_docs_answers_no_options(client: Client) -> None:
    assert client.options("/api/docs/").status_code == 405


def test_more_than_a_megabyte_is_413(api: Any) -> None:
    assert api.ask("POST", "keys/", {"public_key": "x" * 1_100_000}).status_code == 413


@pytest.mark.parametrize(
    "path", ["machines/abc/", "machines", "nothing/", "keys/abc/", "../x", "keys/" + "9" * 40 + "/", "templates/%00/"]
)
def test_an_address_that_is_none_is_a_problem_404(api: Any, path: str) -> None:
    reply = api.ask("GET", path)
    assert reply.status_code == 404
    assert is_problem(reply)


def test_a_wrong_method_is_405(api: Any) -> None:
    reply = api.ask("PUT", "machines/")
    assert (reply.status_code, set(reply["Allow"].split(", "))) == (405, {"GET", "POST", "OPTIONS"})
    assert is_problem(reply)


def test_another_content_type_is_415(api: Any) -> None:
    reply = Client().post("/api/v1/keys/", {"name": "x"}, headers=api.headers)
    assert reply.status_code == 415
    assert is_problem(reply)


@pytest.mark.parametrize(
    "query", ["limit=abc", "limit=0", "limit=1000", "before=-1", "before=%00", "limit=" + "9" * 5000]
)
def test_odd_pages_are_400(api: Any, query: str) -> None:
    assert api.ask("GET", f"events/?{query}").status_code == 400
