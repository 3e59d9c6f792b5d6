"""Entry by a ticket in the address (?ticket=…), or else as portal.live.entry has it: for connections that programs open too."""

from typing import Any
from urllib.parse import parse_qs

from django.utils import timezone

from accounts.live_tickets import tickets
from portal.live import entry, rights
from portal.live.entry import Entry, Refused, address_of, request_of

LONGEST = 200  # characters of a ticket


def check(scope: Any) -> None:
    """Refuse what can be refused without the database. Raises Refused."""
    if not _ticket(scope):
        return entry.check(scope)
    entry.check_address(request_of(scope))
    if len(_ticket(scope)) > LONGEST:
        raise Refused(401, "ticket")


def enter(scope: Any, purpose: str) -> Entry:
    """Return who comes, of a request that was checked. A ticket must be for this purpose. Asks the database. Raises Refused."""
    text = _ticket(scope)
    if not text:
        return entry.enter(scope)
    found = tickets.use(text, scope=purpose, now=timezone.now())
    if found is None:
        raise Refused(401, "ticket")
    person, proof = found
    holder = Entry(person, proof.kind, proof.key, proof.proof, address_of(scope))
    rights.person_now(holder)
    return holder


def _ticket(scope: Any) -> str:
    asked: dict[str, list[str]] = parse_qs(scope["query_string"].decode("latin-1"))
    return asked.get("ticket", [""])[0]
