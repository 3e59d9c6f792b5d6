"""Every address of the project, for everybody: strangers see nothing, the signed-out are sent to sign in, nothing breaks.

An address with a parameter that is not known here makes the test fail, so that none is left out silently.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, get_resolver

pytestmark = pytest.mark.slow

METHODS = ("GET", "POST", "PATCH", "DELETE")
# What anybody may ask without signing in.
PUBLIC = {
    "account_login", "account_logout", "account_inactive", "account_signup", "account_reset_password",
    "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "language", "theme", "api-token", "api-schema", "api-docs",
    "api-nothing", "agent-wanted", "agent-report", "agent-knock", "ask-link",
}  # fmt: skip
OPEN_TO_ALL = {  # parameters that are nobody's own
    "templates/<slug:slug>": "templates/lab",
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
        "failures/<int:pk>": "failures/1",
    }
    return [_filled(name, route, theirs, shared) for name, route in routes(get_resolver().url_patterns)]


def _filled(name: str, route: str, theirs: dict[str, str], shared: dict[str, str]) -> Address:
    is_theirs = any(part in route for part in theirs)
    url = route
    for part, value in {**theirs, **shared}.items():
        url = url.replace(part, value)
    assert not set("<>()^$") & set(url), f"{route} has a parameter that this test does not know: say what to put there"
    return Address(name, url, is_theirs)


class Caller:
    """Somebody who asks for one address after the other, each time as if it were the first.

    A client and a sign-in for each would be as true and take three times as long: a client loads all middleware.
    """

    def __init__(self, user: Any = None) -> None:
        self.client = Client()
        if user is not None:
            self.client.force_login(user)
        self.cookies = deepcopy(self.client.cookies)
        self.sessions = list(Session.objects.filter(pk__in=[cookie.value for cookie in self.cookies.values()]))
        self.is_changed = False

    def ask(self, address: Address, method: str) -> int | tuple[int, str]:
        """The status of the answer. An exception in a view is raised here."""
        self._begin_anew()
        reply = self.client.generic(method, address.url, "{}", content_type="application/json")
        session = reply.wsgi_request.session
        self.is_changed = session.modified
        assert self.is_changed or not self.sessions or SESSION_KEY in session, f"{address} was asked by nobody"
        if reply.status_code in (302, 303):
            return reply.status_code, reply["Location"]
        return reply.status_code

    def _begin_anew(self) -> None:
        """Whatever the last answer did to the cookies and to the session: it may have ended it."""
        self.client.cookies = deepcopy(self.cookies)
        if not self.is_changed:
            return
        facts = ["session_data", "expire_date"]
        Session.objects.bulk_create(
            self.sessions, update_conflicts=True, unique_fields=["session_key"], update_fields=facts
        )


def test_the_walk_reaches_every_address(addresses: list[Address]) -> None:
    assert {"machine", "machine-port-close", "token-revoke", "api-port", "key-remove"} <= {
        a.name for a in addresses if a.is_theirs
    }
    assert all(a.name for a in addresses)


def test_the_signed_out_are_sent_to_sign_in(addresses: list[Address]) -> None:
    nobody = Caller()
    for address in addresses:
        for method in METHODS:
            answer = nobody.ask(address, method)
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
    stranger = Caller(request.getfixturevalue(role))
    for address in [a for a in addresses if a.is_theirs]:
        answers = {method: stranger.ask(address, method) for method in METHODS}
        assert set(answers.values()) <= {404, 405}, (address, answers)
        assert 404 in answers.values(), (address, answers)


def test_the_owner_does_find_them(addresses: list[Address], student: Any) -> None:
    """Otherwise the test above would be right about addresses that are wrong."""
    owner = Caller(student)
    for address in [a for a in addresses if a.is_theirs]:
        assert owner.ask(address, "GET") in (200, 405, 409), address  # 409: not in this state


def test_whoever_was_signed_out_is_signed_in_for_the_next_address(student: Any) -> None:
    """Otherwise most of the walk would be one of somebody signed out."""
    caller = Caller(student)
    keys, out = Address("", "/keys/", is_theirs=False), Address("", "/accounts/logout/", is_theirs=False)
    assert caller.ask(keys, "GET") == 200
    caller.ask(out, "POST")
    assert not Session.objects.exists()
    assert caller.ask(keys, "GET") == 200


@pytest.mark.parametrize("role", ["student", "student2", "teacher", "donor", "admin"])
def test_nothing_breaks_for_anybody(role: str, addresses: list[Address], request: pytest.FixtureRequest) -> None:
    caller = Caller(request.getfixturevalue(role))
    for address in addresses:
        for method in METHODS:
            answer = caller.ask(address, method)
            assert isinstance(answer, tuple) or answer < 500, (address, method, answer)
