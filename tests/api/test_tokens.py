"""Signing in for programs."""

from typing import Any

import pytest
from django.test import Client

from accounts import tokens
from accounts.models import OnceKey, User
from portal.once import hash_of

URL = "/api/v1/auth/token/"


def sign_in(password: str, name: str = "student") -> Any:
    return Client().post(URL, {"username": name, "password": password}, content_type="application/json")


def test_a_token_opens_the_api(student: User) -> None:
    token = sign_in("minga").json()["token"]
    reply = Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {token}"})
    assert reply.json()["username"] == "student"


def test_a_wrong_password_is_401_with_a_sentence(student: User) -> None:
    reply = sign_in("guess")
    assert (reply.status_code, reply["Content-Type"], reply["WWW-Authenticate"]) == (
        401,
        "application/problem+json",
        "Bearer",
    )
    assert reply.json()["detail"] == "Wrong name or password."


def test_an_unknown_name_reads_the_same_as_a_wrong_password(student: User) -> None:
    assert sign_in("guess").json() == sign_in("guess", "nobody").json()


def test_guessing_is_stopped_and_others_are_not(student: User, student2: User) -> None:
    replies = [sign_in("guess").status_code for _ in range(30)]
    assert replies[0] == 401
    assert replies[-1] == 429
    assert sign_in("minga", "student2").status_code == 200


def test_delete_revokes_the_token_that_was_used(api: Any) -> None:
    assert api.ask("DELETE", "auth/token/").status_code == 204
    assert api.ask("GET", "me/").status_code == 401


def test_an_old_token_does_not_hinder_signing_in(student: User) -> None:
    body = {"username": "student", "password": "minga"}
    reply = Client().post(URL, body, content_type="application/json", headers={"Authorization": "Bearer old"})
    assert reply.status_code == 200


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer \x00", "Bearer ñ", "Bearer " + "x" * 5000])
def test_a_strange_header_is_401(db: None, header: str) -> None:
    assert Client().get("/api/v1/me/", headers={"Authorization": header}).status_code == 401


def test_without_a_token_it_is_a_problem_and_no_redirect(db: None) -> None:
    reply = Client().get("/api/v1/machines/")
    assert (reply.status_code, reply["WWW-Authenticate"]) == (401, "Bearer")
    assert reply.json()["code"] == "not_authenticated"


def test_a_session_counts_but_only_with_a_csrf_token(student: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(student)
    assert client.get("/api/v1/me/").status_code == 200
    assert client.post("/api/v1/keys/make/", {}, content_type="application/json").status_code == 403


def test_a_person_reads_in_the_language_they_chose(api: Any) -> None:
    User.objects.filter(pk=api.user.pk).update(language="es")
    assert api.ask("GET", "me/")["Content-Language"] == "es"


def with_key(password: str, name: str = "") -> Any:
    body = {"username": "student", "password": password, "name": name}
    return Client().post(URL, body, content_type="application/json", headers={"Idempotency-Key": "k1"})


def test_who_heard_no_answer_gets_the_same_token_again(student: User) -> None:
    first, second = with_key("minga"), with_key("minga")
    assert (first.json(), second["Idempotency-Replayed"], tokens.of(student).count()) == (second.json(), "true", 1)


def test_a_key_opens_nothing_without_the_password(student: User) -> None:
    with_key("minga")
    assert (with_key("guess").status_code, with_key("minga", "other").status_code) == (401, 422)


def test_no_hash_of_a_password_is_kept(student: User) -> None:
    """A plain hash of name and password could be tried a billion times a second, from a copy of the database."""
    with_key("minga")
    assert OnceKey.objects.get().request_hash == hash_of("POST", URL, '{"name": ""}')
