"""The portal notes from where somebody who is signed in uses it, and seldom."""

from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import SignIn, User
from portal.request_facts import address_of

HOME = "203.0.113.9"


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


def _noted() -> list[tuple[str, str]]:
    return [(row.user.username, row.address) for row in SignIn.objects.select_related("user").order_by("address")]


def test_a_page_of_somebody_signed_in_is_noted(signed_in: Client) -> None:
    signed_in.get("/keys/", REMOTE_ADDR=HOME)
    assert _noted() == [("student", HOME)]


def test_a_stranger_is_not(client: Client, student: User) -> None:
    client.get("/accounts/login/", REMOTE_ADDR=HOME)
    client.get("/", REMOTE_ADDR=HOME)
    assert _noted() == []


def test_signing_in_is_noted_at_once(client: Client, student: User) -> None:
    client.post("/accounts/login/", {"login": "student", "password": "minga"}, REMOTE_ADDR=HOME)
    assert _noted() == [("student", HOME)]


def test_a_program_with_a_token_is_noted(client: Client, student: User) -> None:
    body = {"username": "student", "password": "minga"}
    token = client.post("/api/v1/auth/token/", body, content_type="application/json", REMOTE_ADDR="203.0.113.1").json()
    headers = {"Authorization": f"Bearer {token['token']}"}
    client.get("/api/v1/quota/", headers=headers, REMOTE_ADDR=HOME)
    assert ("student", HOME) in _noted()


def test_the_next_pages_cost_no_query_for_ten_minutes(signed_in: Client) -> None:
    with time_machine.travel("2026-03-02T10:00:00+00:00", tick=False) as traveller:
        signed_in.get("/keys/", REMOTE_ADDR=HOME)
        with CaptureQueriesContext(connection) as queries:
            signed_in.get("/keys/", REMOTE_ADDR=HOME)
        assert not [query for query in queries if "signin" in query["sql"]]
        traveller.shift(601)
        with CaptureQueriesContext(connection) as queries:
            signed_in.get("/keys/", REMOTE_ADDR=HOME)
        assert [query for query in queries if "signin" in query["sql"]]


def test_an_address_of_ipv4_in_the_clothes_of_ipv6_is_one_of_ipv4(signed_in: Client) -> None:
    signed_in.get("/keys/", REMOTE_ADDR=f"::ffff:{HOME}")
    assert _noted() == [("student", HOME)]


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    heard: list[tuple[Any, ...]] = []
    monkeypatch.setattr("portal.middleware.client_addresses.ring", lambda *ids: heard.append(ids))
    return heard


def test_a_new_address_rings_for_the_owners_sleeping_machines(
    signed_in: Client, student: User, bells: list[tuple[Any, ...]]
) -> None:
    signed_in.get("/keys/", REMOTE_ADDR=HOME)
    assert bells == [("machines.tasks.let_knock", student.pk)]


PROXIES = ["192.0.2.0/24", "10.0.0.5/32"]


@pytest.mark.parametrize(
    ("remote", "told", "address"),
    [
        (HOME, "", HOME), (HOME, "198.51.100.1", HOME), ("10.0.0.5", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", "1.2.3.4, 198.51.100.1", "198.51.100.1"), ("10.0.0.5", "198.51.100.1, 192.0.2.7", "198.51.100.1"),
        ("10.0.0.5", "", ""), ("10.0.0.5", "rubbish", ""), ("", "", ""), ("10.0.0.5", "192.0.2.7", ""),
        ("::ffff:10.0.0.5", "198.51.100.1", "198.51.100.1"),
    ],
)  # fmt: skip
def test_only_a_trusted_proxy_says_who_asks(settings: Any, remote: str, told: str, address: str) -> None:
    settings.TRUSTED_PROXIES = PROXIES
    headers = {"X-Forwarded-For": told} if told else {}
    assert address_of(RequestFactory().get("/", REMOTE_ADDR=remote, headers=headers)) == address


def test_nobody_is_trusted_unless_named() -> None:
    assert settings.TRUSTED_PROXIES == []
