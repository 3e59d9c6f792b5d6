"""Every address of the project, for everybody: strangers see nothing, the signed-out are sent to sign in, nothing breaks.

An address with a parameter that is not known here makes the test fail, so that none is left out silently.
"""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.urls import URLPattern, get_resolver

from courses.models import Template
from portal import access
from quotas.models import QuotaRequest
from tests.portal.callers import Address, Caller
from tests.portal.page_weight import weight
from tests.portal.rules import ELSEWHERE, FOUND, LISTS, PUBLIC, PUBLIC_WRITES, as_a_donor, as_a_person, rule_of

pytestmark = pytest.mark.slow

METHODS = ("GET", "POST", "PATCH", "DELETE")
OF_PAGES = ("GET", "POST")  # the only ones that a page acts on, as is held for those two who may do most with them
MAY_DO_MOST = ("student", "admin")  # the owner of what stands in the addresses, and who sees everything
# Pages of packages, which answer other methods with 200 and do nothing.
SAY_SO_IN_JSON = {"account_login", "account_reset_password_from_key", "mfa_login_webauthn"}
HEAVIEST = 80_000  # bytes of a page, cold: 120,000 are allowed, and rows come to it
WORK = {"machine-terminal": 170_000, "machine-console": 170_000}  # pages with a whole program in them
NOT_WEIGHED = {"api-docs"}
# Where a form without its token is no 403: the sign-in leads on, and the link of a mail is a secret itself.
WITHOUT_A_TOKEN = {"account_login", "saml_acs", "ask-link", "notice-unsubscribe"}
OPEN_TO_ALL = {  # parameters that are nobody's own
    "failures/<int:pk>": "failures/1",
    "bulk/<int:run>": "bulk/1",
    "announcements/<int:pk>": "announcements/1",
    "notices/<int:pk>": "notices/1",
    **ELSEWHERE,
    "passkey/<int:pk>": "passkey/1",
    "templates/<slug:slug>": "templates/lab",
    r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "password/reset/key/1-x/",
    r"^(?P<old>templates|catalog|servers|failures|notices)/(?P<rest>.*)$": "catalog/look/",
    r"^(?P<rest>.*)$": "nothing/",
    "asks/<str:token>": "asks/x",
    "help/<slug:name>": "help/student",
    "prove/<str:token>": "prove/x",
    "notices/unsubscribe/<str:token>": "notices/unsubscribe/x",
    "given/<str:token>": "given/x",
}


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
    token, _word = AuthToken.objects.create(user=student)
    request = QuotaRequest.objects.create(user=student, subject=machine.template_id, title={"en": "Lab"}, machines=1)
    theirs = {
        "machines/<uuid:pk>": f"machines/{machine.pk}",
        "ports/<uuid:tunnel>": f"ports/{Tunnel.objects.filter(holder=machine.pk)[0].pk}",
        "keys/<int:pk>": f"keys/{make_key(owner=student, name='k', by=student)[0].pk}",
        "asks/<int:pk>/<slug:choice>": f"asks/{asked(machine).pk}/more",
        "tokens/<slug:key>": f"tokens/{token.token_key}",
        "account/sessions/<int:pk>": f"account/sessions/{student.browser_sessions.create(session_key='elsewhere').pk}",
        "v1/requests/<int:pk>": f"v1/requests/{request.pk}",
    } | as_a_donor(student)
    shared = {
        **OPEN_TO_ALL,
        **moments_of(machine),
        **as_a_person(student),
        "images/<int:pk>": f"images/{machine.template.image_id}",
        "flavors/<int:pk>": f"flavors/{machine.template.flavor_id}",
        "servers/<slug:server_id>": "servers/nobodys",
        "manage/requests/<int:pk>": f"manage/requests/{request.pk}",
    }
    return [_filled(name, route, theirs, shared) for name, route in routes(get_resolver().url_patterns)]


def moments_of(machine: Any) -> dict[str, str]:
    """Keep a moment of the machine. Return what stands in addresses instead of its number."""
    machine.copies.create(kind="moment", state="ready", number=1, title="then")
    return {f"{room}/<int:number>": f"{room}/1" for room in ("moments", "snapshots")}


def _filled(name: str, route: str, theirs: dict[str, str], shared: dict[str, str]) -> Address:
    is_theirs = any(part in route for part in theirs)
    url = route
    for part, value in {**theirs, **shared}.items():
        url = url.replace(part, value)
    assert not set("<>()^$") & set(url), f"{route} has a parameter that this test does not know: say what to put there"
    return Address(name, url, is_theirs)


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
            if address.name in PUBLIC or (address.name, method) in PUBLIC_WRITES:
                assert isinstance(answer, tuple) or answer < 500, (address, method, answer)
            elif isinstance(answer, tuple):
                assert "/accounts/login/" in answer[1], (address, method, answer)
            else:
                assert answer == 401, (address, method, answer)


def test_no_page_of_the_signed_out_is_heavy(addresses: list[Address]) -> None:
    nobody = Caller()
    weights = {address: weight(nobody.reply(address, "GET")) for address in addresses if address.name in PUBLIC}
    assert len([each for each in weights.values() if each]) > 10
    assert {a: each for a, each in weights.items() if each >= HEAVIEST and a.name not in NOT_WEIGHED} == {}


# Addresses that lead to the live process, which answers.
ANSWERED_LIVE = ("machine-check-run", "api-machine-check", "machine-file", "api-machine-files")


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
        found = owner.ask(address, "GET")
        if address.name == "machine-dismiss":  # it has not vanished: nothing to dismiss
            assert found == (302, address.url.replace("dismiss/", ""))
        elif address.name == "teaching-machine":  # their own page shows more
            assert found == (302, address.url.removeprefix("/teaching"))
        elif address.name in ANSWERED_LIVE:
            assert (found[0] if isinstance(found, tuple) else found) in (303, 307), address
        else:
            assert found in (200, 405, 409), address  # 409: not in this state


def test_whoever_was_signed_out_is_signed_in_for_the_next_address(student: Any) -> None:
    """Guard the walk, most of which would otherwise be one of somebody signed out."""
    caller = Caller(student)
    keys, out = Address("", "/keys/", is_theirs=False), Address("", "/accounts/logout/", is_theirs=False)
    assert caller.ask(keys, "GET") == 200
    caller.ask(out, "POST")
    assert not Session.objects.exists()
    assert caller.ask(keys, "GET") == 200


@pytest.fixture
def author(addresses: list[Address], teacher: Any) -> Any:
    """Return a teacher from whose template the student's machine is."""
    Template.objects.update(created_by=teacher)
    return teacher


@pytest.mark.parametrize("role", ["student", "student2", "teacher", "author", "donor", "admin"])
def test_everybody_gets_what_the_rules_say_nothing_is_kept_and_no_page_is_heavy(
    role: str, addresses: list[Address], request: pytest.FixtureRequest
) -> None:
    """Pages get PATCH and DELETE from the two who may do most: what refuses those, a line below says, is no way for the others."""
    person = request.getfixturevalue(role)
    caller = Caller(person)
    for address in addresses:
        for method in METHODS if role in MAY_DO_MOST or address.is_of_programs else OF_PAGES:
            reply = caller.reply(address, method)
            assert reply.status_code < 500, (address, method, reply.status_code)
            assert reply.status_code == 405 or is_right(person, address, method, reply.status_code), (
                address,
                method,
                reply.status_code,
            )
            assert "no-store" in reply.get("Cache-Control", ""), (address, method, reply.status_code)
            assert method in OF_PAGES or address.is_of_programs or is_refused(address, reply), (address, method)
            most = WORK.get(address.name, HEAVIEST)
            assert method != "GET" or address.name in NOT_WEIGHED or weight(reply) < most, (address, weight(reply))


def is_refused(address: Address, reply: Any) -> bool:
    """Return whether a page did nothing: it says that it takes no such method, or sends on to one that will."""
    return reply.status_code in (302, 307, 403, 404, 405) or address.name in SAY_SO_IN_JSON


def is_right(person: Any, address: Address, method: str, status: int) -> bool:
    """Return whether this is what portal.access says of a person at an address. 405: the method is not for anybody."""
    rule = None if address.name in PUBLIC else rule_of(address.name, method)
    if rule is None:
        return status != 403
    verb, model = rule
    thing = None if address.name in LISTS else model.objects.first()
    if thing and model in FOUND and not may_find(person, verb, model, address).exists():
        return status in (404, 405)
    if model in access.RULES and access.why_not(person, verb, thing or model):
        return status in (403, 405)
    return status != 403


def may_find(person: Any, verb: str, model: Any, address: Address) -> Any:
    is_taught = verb in ("keep_awake", "watch", "check", "console") or "/teaching/" in address.url
    return access.in_care_of(person) if is_taught else access.visible(person, model)


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
    url = re.sub(r"/([a-z]+)/\d+/", r"/\1/987654/", url)
    url = re.sub(r"MNG-D-\d+", "MNG-D-987654", url)
    url = re.sub(r"/tokens/\w+", "/tokens/0123456789abcde", url)
    assert url != address.url
    return Address(address.name, url, is_theirs=True)


def test_no_form_is_taken_without_its_token(addresses: list[Address], admin: Any) -> None:
    caller = Caller(admin)
    caller.client.handler.enforce_csrf_checks = True
    for address in [a for a in addresses if not a.is_of_programs]:
        answer = caller.ask(address, "POST")
        assert answer == 403 or address.name in WITHOUT_A_TOKEN, (address, answer)
