"""Every address of the project, for everybody: strangers see nothing, the signed-out are sent to sign in, nothing breaks.

An address with a parameter that is not known here makes the test fail, so that none is left out silently.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, get_resolver

from portal import access
from tests.portal.rules import FOUND, LISTS, rule_of

pytestmark = pytest.mark.slow

METHODS = ("GET", "POST", "PATCH", "DELETE")
# What anybody may ask without signing in.
PUBLIC = {
    "account_login", "account_logout", "account_inactive", "account_signup", "account_reset_password",
    "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "language", "theme", "api-token", "api-device", "api-device-token", "api-schema", "api-docs",
    "api-nothing", "agent-wanted", "agent-report", "agent-knock", "ask-link", "notice-unsubscribe",
}  # fmt: skip
# What stands in an address instead of an id. A route takes no UUID that is not one.
ODD = {
    "int": ("9" * 30, str(2**31), "0"),
    "slug": ("a" * 5000, "-"),
    "str": ("%00", "%2e%2e%2f", "%ED%A0%80", "a" * 5000),
}
PARAMETER = re.compile(r"<(int|uuid|slug|str):\w+>")
# Where a form without its token is no 403: the sign-in leads on, and the link of a mail is a secret itself.
WITHOUT_A_TOKEN = {"account_login", "ask-link", "notice-unsubscribe"}
OPEN_TO_ALL = {  # parameters that are nobody's own
    "templates/<slug:slug>": "templates/lab",
    r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "password/reset/key/1-x/",
    r"^(?P<old>templates|catalog|servers|failures|notices)/(?P<rest>.*)$": "catalog/look/",
    r"^(?P<rest>.*)$": "nothing/",
    "asks/<str:token>": "asks/x",
    "notices/unsubscribe/<str:token>": "notices/unsubscribe/x",
}


@dataclass(frozen=True)
class Address:
    """An address, filled in with the student's things."""

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
        "notices/<int:pk>": "notices/1",
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
    """A visitor who asks for one address after the other, each time as if it were the first.

    A client and a sign-in for each would be as true and take three times as long: a client loads all middleware.
    """

    def __init__(self, user: Any = None) -> None:
        self.client = Client()
        if user is not None:
            self.client.force_login(user)
        self.cookies = deepcopy(self.client.cookies)
        self.sessions = list(Session.objects.filter(pk__in=[cookie.value for cookie in self.cookies.values()]))
        self.is_changed = False

    def reply(self, address: Address, method: str) -> Any:
        """An exception in a view is raised here."""
        self._begin_anew()
        reply = self.client.generic(method, address.url, "{}", content_type="application/json")
        session = getattr(getattr(reply, "wsgi_request", None), "session", None)
        self.is_changed = session is None or session.modified
        assert self.is_changed or not self.sessions or SESSION_KEY in session, f"{address} was asked by nobody"
        return reply

    def read(self, address: Address, method: str) -> tuple[int, str]:
        """Return status and text, without what differs from answer to answer."""
        reply = self.reply(address, method)
        text = b"".join(reply) if reply.streaming else reply.content
        shown = text.decode().replace(address.url, "")
        return reply.status_code, re.sub(r'value="[^"]*"|request": "\w+"', "", shown)

    def ask(self, address: Address, method: str) -> int | tuple[int, str]:
        """Return the status of the answer; of a redirect also where it leads."""
        reply = self.reply(address, method)
        if reply.status_code in (302, 303):
            return reply.status_code, reply["Location"]
        return reply.status_code

    def _begin_anew(self) -> None:
        """Undo whatever the last answer did to the cookies and to the session: it may have ended it."""
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


@pytest.mark.parametrize("role", ["teacher", "donor"])  # of another student, a test below tells more
def test_a_stranger_finds_nothing_of_the_students(
    role: str, addresses: list[Address], request: pytest.FixtureRequest
) -> None:
    stranger = Caller(request.getfixturevalue(role))
    for address in [a for a in addresses if a.is_theirs]:
        answers = {method: stranger.ask(address, method) for method in METHODS}
        assert set(answers.values()) <= {404, 405}, (address, answers)
        assert 404 in answers.values(), (address, answers)


def test_the_owner_does_find_them(addresses: list[Address], student: Any) -> None:
    """Guard the test above, which would hold for wrong addresses, too."""
    owner = Caller(student)
    for address in [a for a in addresses if a.is_theirs]:
        assert owner.ask(address, "GET") in (200, 405, 409), address  # 409: not in this state


def test_whoever_was_signed_out_is_signed_in_for_the_next_address(student: Any) -> None:
    """Guard the walk, most of which would otherwise be one of somebody signed out."""
    caller = Caller(student)
    keys, out = Address("", "/keys/", is_theirs=False), Address("", "/accounts/logout/", is_theirs=False)
    assert caller.ask(keys, "GET") == 200
    caller.ask(out, "POST")
    assert not Session.objects.exists()
    assert caller.ask(keys, "GET") == 200


@pytest.mark.parametrize("role", ["student", "student2", "teacher", "donor", "admin"])
def test_everybody_gets_what_the_rules_say_and_nothing_is_kept(
    role: str, addresses: list[Address], request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(role)
    caller = Caller(person)
    for address in addresses:
        for method in METHODS:
            reply = caller.reply(address, method)
            assert reply.status_code < 500, (address, method, reply.status_code)
            assert reply.status_code == 405 or is_right(person, address, method, reply.status_code), (
                address,
                method,
                reply.status_code,
            )
            assert "no-store" in reply.get("Cache-Control", ""), (address, method, reply.status_code)


def is_right(person: Any, address: Address, method: str, status: int) -> bool:
    """Return whether this is what portal.access says of a person at an address. 405: the method is not for anybody."""
    rule = None if address.name in PUBLIC else rule_of(address.name, method)
    if rule is None:
        return status != 403
    verb, model = rule
    thing = None if address.name in LISTS else model.objects.first()
    if thing and model in FOUND and not may_find(person, verb, model).exists():
        return status in (404, 405)
    if model in access._RULES and access.why_not(person, verb, thing or model):
        return status in (403, 405)
    return status != 403


def may_find(person: Any, verb: str, model: Any) -> Any:
    return access.in_care_of(person) if verb == "keep_awake" else access.visible(person, model)


def test_odd_ids_break_nothing(admin: Any) -> None:
    caller = Caller(admin)
    for url in with_odd_ids():
        for method in ("GET", "POST"):
            answer = caller.ask(Address("", url, is_theirs=False), method)
            assert isinstance(answer, tuple) or answer < 500, (url[:200], method, answer)


def with_odd_ids() -> Iterator[str]:
    """Yield each address with a parameter, once with each odd value in all places of its kind."""
    usual = {"int": "1", "uuid": str(uuid4()), "slug": "x", "str": "x"}
    for _name, route in routes(get_resolver().url_patterns):
        for kind in ODD.keys() & set(PARAMETER.findall(route)):
            for value in ODD[kind]:
                here = usual | {kind: value}
                yield PARAMETER.sub(lambda found, here=here: here[found[1]], route)  # type: ignore[misc]


def test_what_is_somebody_elses_is_answered_like_what_does_not_exist(addresses: list[Address], student2: Any) -> None:
    stranger = Caller(student2)
    for address in [a for a in addresses if a.is_theirs]:
        answers = {method: stranger.read(address, method) for method in METHODS}
        assert {status for status, _text in answers.values()} in ({404}, {404, 405}), (address, answers)
        for method in ("GET", "POST"):
            assert answers[method] == stranger.read(_without(address), method), (address, method)


def _without(address: Address) -> Address:
    """Return the same address of a thing that does not exist."""
    url = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", str(uuid4()), address.url)
    url = re.sub(r"/(keys|asks)/\d+", r"/\1/987654", url)
    url = re.sub(r"/tokens/\w+", "/tokens/0123456789abcde", url)
    assert url != address.url
    return Address(address.name, url, is_theirs=True)


def test_no_form_is_taken_without_its_token(addresses: list[Address], admin: Any) -> None:
    caller = Caller(admin)
    caller.client.handler.enforce_csrf_checks = True
    for address in [a for a in addresses if not a.url.startswith(("/api/", "/agent/"))]:
        answer = caller.ask(address, "POST")
        assert answer == 403 or address.name in WITHOUT_A_TOKEN, (address, answer)
