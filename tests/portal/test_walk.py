"""Every address of the project, for everybody: strangers see nothing, the signed-out are sent to sign in, nothing breaks.

An address with a parameter that is not known here makes the test fail, so that none is left out silently.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

METHODS = ("GET", "POST", "PATCH", "DELETE")
# What anybody may ask without signing in.
PUBLIC = {
    "account_login", "account_logout", "account_inactive", "account_signup", "account_reauthenticate", "account_confirm_email",
    "account_email_verification_sent", "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "account_confirm_login_code", "language", "theme", "api-token", "api-schema", "api-docs",
    "api-nothing", "agent-wanted", "agent-report", "agent-knock", "ask-link",
}  # fmt: skip
OPEN_TO_ALL = {  # parameters that are nobody's own
    "templates/<slug:slug>": "templates/lab",
    r"^confirm-email/(?P<key>[-:\w]+)/$": "confirm-email/x/",
    r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "password/reset/key/1-x/",
    r"^(?P<rest>.*)$": "nothing/",
    "asks/<str:token>": "asks/x",
}


@dataclass(frozen=True)
class Address:
    """One address, filled in with the student's things."""

    name: str
    url: str
    is_theirs: bool  # it names a machine, a port, a key or a token of the student


def routes(patterns: Any, before: str = "/") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield pattern.name or "", route
        else:
            yield from routes(pattern.url_patterns, route)


@pytest.fixture
def addresses(student: Any) -> list[Address]:
    from knox.models import AuthToken

    from accounts.actions import make_key
    from tests.factories import make_machine
    from tests.machines.idle.asked import asked
    from tunnels.models import Tunnel

    machine = make_machine(student)
    template = machine.template
    key, _private = make_key(owner=student, name="k", by=student)
    token, _word = AuthToken.objects.create(user=student)
    theirs = {
        "machines/<uuid:pk>": f"machines/{machine.pk}",
        "ports/<uuid:tunnel>": f"ports/{Tunnel.objects.filter(holder=machine.pk)[0].pk}",
        "keys/<int:pk>": f"keys/{key.pk}",
        "asks/<int:pk>/<slug:choice>": f"asks/{asked(machine).pk}/more",
        "tokens/<slug:key>": f"tokens/{token.token_key}",
    }
    shared = {
        **OPEN_TO_ALL,
        "images/<int:pk>": f"images/{template.image_id}",
        "flavors/<int:pk>": f"flavors/{template.flavor_id}",
        "servers/<slug:server_id>": "servers/nobodys",
    }
    return [_filled(name, route, theirs, shared) for name, route in routes(get_resolver().url_patterns)]


def _filled(name: str, route: str, theirs: dict[str, str], shared: dict[str, str]) -> Address:
    is_theirs = any(part in route for part in theirs)
    url = route
    for part, value in {**theirs, **shared}.items():
        url = url.replace(part, value)
    assert not set("<>()^$") & set(url), f"{route} has a parameter that this test does not know: say what to put there"
    return Address(name, url, is_theirs)


def ask(address: Address, method: str, user: Any = None) -> int | tuple[int, str]:
    """The status of the answer. An exception in a view is raised here."""
    client = Client()
    if user is not None:
        client.force_login(user)
    reply = client.generic(method, address.url, "{}", content_type="application/json")
    if reply.status_code in (302, 303):
        return reply.status_code, reply["Location"]
    return reply.status_code


def test_the_walk_reaches_every_address(addresses: list[Address]) -> None:
    assert {"machine", "machine-port-close", "token-revoke", "api-port", "key-remove"} <= {
        a.name for a in addresses if a.is_theirs
    }
    assert all(a.name for a in addresses)


def test_the_signed_out_are_sent_to_sign_in(addresses: list[Address]) -> None:
    for address in addresses:
        for method in METHODS:
            answer = ask(address, method)
            if address.name in PUBLIC:
                assert isinstance(answer, tuple) or answer < 500, (address, method, answer)
            elif isinstance(answer, tuple):
                assert "/accounts/login/" in answer[1], (address, method, answer)
            else:
                assert answer == 401, (address, method, answer)


@pytest.mark.parametrize("role", ["student2", "teacher", "donor"])
def test_a_stranger_finds_nothing_of_the_students(
    role: str, addresses: list[Address], request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(role)
    for address in [a for a in addresses if a.is_theirs]:
        answers = {method: ask(address, method, user) for method in METHODS}
        assert set(answers.values()) <= {404, 405}, (address, answers)
        assert 404 in answers.values(), (address, answers)


def test_the_owner_does_find_them(addresses: list[Address], student: Any) -> None:
    """Otherwise the test above would be right about addresses that are wrong."""
    for address in [a for a in addresses if a.is_theirs]:
        assert ask(address, "GET", student) in (200, 405, 409), address  # 409: not in this state


@pytest.mark.parametrize("role", ["student", "student2", "teacher", "donor", "admin"])
def test_nothing_breaks_for_anybody(role: str, addresses: list[Address], request: pytest.FixtureRequest) -> None:
    user = request.getfixturevalue(role)
    for address in addresses:
        for method in METHODS:
            answer = ask(address, method, user)
            assert isinstance(answer, tuple) or answer < 500, (address, method, answer)
