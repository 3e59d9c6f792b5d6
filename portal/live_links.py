"""Addresses of the live process that let whoever asked for them in, once and within a minute."""

from typing import cast
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.encoding import iri_to_uri
from knox.models import AuthToken

from accounts.live_tickets import tickets
from accounts.live_tickets.tickets import Proof
from accounts.models import User
from portal.live_addresses import FILES, files_purpose


def with_ticket(request: HttpRequest, path: str, purpose: str, query: dict[str, str] | None = None) -> str:
    """Return an address of the live process, whole, with a ticket for this purpose. The caller has checked what the person may.

    purpose: as portal.live_addresses has it.
    """
    person = cast("User", request.user)
    text = tickets.make(person, _proof(request, person), scope=purpose, now=timezone.now())
    base = settings.LIVE_URL or request.build_absolute_uri("/").rstrip("/")
    return f"{base}{path}?{urlencode({**(query or {}), 'ticket': text})}"


def to_files(request: HttpRequest, machine: UUID) -> str:
    """Return where this very request about files of a machine is answered: with its query as it is, for names need not be UTF-8."""
    url = with_ticket(request, FILES.format(machine=machine), files_purpose(machine, str(request.method)))
    own = [part for part in request.META.get("QUERY_STRING", "").split("&") if part and not part.startswith("ticket=")]
    return iri_to_uri("&".join([url, *own]))


def _proof(request: HttpRequest, person: User) -> Proof:
    token = getattr(request, "auth", None)
    if isinstance(token, AuthToken):
        return Proof("token", token.digest, person.get_session_auth_hash())
    return Proof("session", request.session.session_key or "", person.get_session_auth_hash())
