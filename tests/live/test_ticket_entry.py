"""Who comes in by a ticket: the person for whom it was made, for as long as their session or token is good."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import RequestFactory
from django.utils import timezone

from accounts.live_tickets import tickets
from accounts.live_tickets.tickets import Proof
from accounts.models import User
from portal import live_links
from portal.live import ticket_entry
from portal.live.entry import Refused
from tests.live.process import session_of

pytestmark = pytest.mark.django_db
PURPOSE = "terminal 1"


def scope_of(query: str, **headers: str) -> dict[str, Any]:
    lines = [(b"host", b"localhost"), *((name.encode(), value.encode()) for name, value in headers.items())]
    facts = {"type": "websocket", "path": "/live/terminal/1", "query_string": query.encode(), "headers": lines}
    return {**facts, "client": ("10.0.0.9", 5), "scheme": "ws"}


def come_in(scope: dict[str, Any]) -> None:
    ticket_entry.check(scope)
    ticket_entry.enter(scope, PURPOSE)


def ticket_of(person: User, **proof: str) -> str:
    facts = {"kind": "session", "key": session_of(person), "proof": person.get_session_auth_hash(), **proof}
    return tickets.make(person, Proof(**facts), scope=PURPOSE, now=timezone.now())


def test_its_person_comes_in_as_by_their_session(student: User) -> None:
    scope = scope_of(f"ticket={ticket_of(student)}")
    ticket_entry.check(scope)
    entry = ticket_entry.enter(scope, PURPOSE)
    assert (entry.person, entry.kind, entry.address) == (student, "session", "10.0.0.9")


def test_who_has_signed_out_since_does_not(student: User) -> None:
    scope = scope_of(f"ticket={ticket_of(student)}")
    Session.objects.all().delete()
    with pytest.raises(Refused, match="unknown"):
        ticket_entry.enter(scope, PURPOSE)


def test_nor_does_who_was_blocked(student: User) -> None:
    scope = scope_of(f"ticket={ticket_of(student)}")
    User.objects.update(is_active=False)
    with pytest.raises(Refused, match="unknown"):
        ticket_entry.enter(scope, PURPOSE)


@pytest.mark.parametrize("query", ["ticket=made-up", f"ticket={'x' * 5000}", "ticket=%00", "ticket=%ff"])
def test_a_made_up_one_is_refused(query: str) -> None:
    with pytest.raises(Refused, match="ticket"):
        come_in(scope_of(query))


def test_without_one_a_page_of_another_origin_is_refused() -> None:
    with pytest.raises(Refused, match="origin"):
        ticket_entry.check(scope_of("", cookie="sessionid=x", origin="https://evil.example"))


def test_the_address_that_is_handed_out_works_once(student: User, rf: RequestFactory) -> None:
    request = rf.get("/", headers={"host": "localhost"})
    request.user, request.session = student, type("Session", (), {"session_key": session_of(student)})()  # type: ignore[assignment]
    url = live_links.with_ticket(request, "/live/x", PURPOSE, {"path": "a b"})
    address, _mark, query = url.partition("?")
    assert address.endswith("/live/x")
    assert query.startswith("path=a+b&ticket=")
    assert ticket_entry.enter(scope_of(query), PURPOSE).person == student
    with pytest.raises(Refused, match="ticket"):
        ticket_entry.enter(scope_of(query), PURPOSE)
