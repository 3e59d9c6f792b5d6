"""Check who opens a live connection: the right address, the right origin, a session or a token that is good now.

Django's protection against forged requests does not cover what stays open, so the origin is checked here.
"""

from dataclasses import dataclass, replace
from importlib import import_module
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.utils import timezone
from django.utils.translation import get_language_from_request
from knox.crypto import hash_token

from accounts import second_steps, tokens
from accounts.models import User
from accounts.terms import versions
from portal.middleware.home_address import is_beside_home

PERSON = "person"  # the kind of what goes on while nobody looks: it ends with the person's right, not with a session


class Refused(Exception):
    """The connection is not opened: an HTTP status, and a word for the log and for /metrics."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass(frozen=True, slots=True)
class Entry:
    """The proof by which a person came in. `key` is the session's key, or the hash of the token."""

    person: User
    kind: str  # session, token, or PERSON
    key: str
    proof: str  # a hash that changes with the password
    address: str = ""  # see address_of

    def kept(self, **changes: str) -> "Entry":
        """Return it for what stays open long, with nothing of the person but the key of their row: the others take 5 KB."""
        return replace(self, person=User.from_db(None, ["id"], [self.person.pk]), **changes)


def request_of(scope: Any) -> ASGIRequest:
    """Return the head of the request, as Django's functions read it; also of a websocket's."""
    return ASGIRequest({**scope, "method": scope.get("method", "GET")}, BytesIO())


def check(scope: Any) -> None:
    """Refuse what can be refused without the database. Raises Refused."""
    request = request_of(scope)
    check_address(request)
    check_origin(request, is_socket=scope["type"] == "websocket")
    if "Authorization" in request.headers:
        if _bearer(request) is None:
            raise Refused(401, "token")
    elif settings.SESSION_COOKIE_NAME not in request.COOKIES:
        raise Refused(401, "unknown")


def enter(scope: Any) -> Entry:
    """Return who comes, of a request that was checked. Asks the database. Raises Refused."""
    request = request_of(scope)
    # A browser sends `Authorization: Basic` by itself, so nothing follows from that for its cookies.
    entry = _by_token(request) if "Authorization" in request.headers else _by_session(request)
    if entry is None or not entry.person.is_active:
        raise Refused(401, "unknown")
    if versions.owes(entry.person):
        raise Refused(403, "terms_not_accepted")
    if second_steps.is_owed(entry.person):
        raise Refused(403, "second_step_owed")
    return replace(entry, address=address_of(scope))


def address_of(scope: Any) -> str:
    """Return from where the visitor comes, as a proxy that is known has said it."""
    return scope["client"][0] if scope.get("client") else ""


def language_of(entry: Entry, scope: Any) -> str:
    """Return the language that the person has chosen, or else that of their browser."""
    return entry.person.language or get_language_from_request(request_of(scope))


def key_of(scope: Any) -> str:
    """Return what would be the key of this visitor's entry, unless it is made up."""
    request = request_of(scope)
    if "Authorization" not in request.headers:
        return request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    text = _bearer(request)
    return hash_token(text) if text and text.isascii() else ""


def check_address(request: ASGIRequest) -> None:
    try:
        request.get_host()
    except DisallowedHost:
        raise Refused(400, "host") from None
    if settings.SECURE_SSL_REDIRECT and not _is_secure(request):
        raise Refused(403, "plain_http")


def _is_secure(request: ASGIRequest) -> bool:
    return request.scheme in ("https", "wss")


def check_origin(request: ASGIRequest, *, is_socket: bool) -> None:
    """Let no page of another origin use the cookies of whoever looks at it: not to read, nor to fill their share of streams."""
    origin = request.headers.get("Origin")
    if origin is not None:
        if origin not in _origins(request):
            raise Refused(403, "origin")
    elif not _names_no_other(request, is_socket=is_socket):
        raise Refused(403, "origin")


def _names_no_other(request: ASGIRequest, *, is_socket: bool) -> bool:
    """Return whether a request without an Origin may be a program's, or one of our own page: a browser leaves it out only there."""
    if _bearer(request) is not None:
        return True  # no browser sends that by itself
    site = request.headers.get("Sec-Fetch-Site")
    is_stream = "text/event-stream" in request.headers.get("Accept", "")
    return not is_socket and (site == "same-origin" or (site is None and is_stream))


def _origins(request: ASGIRequest) -> set[str]:
    own = f"{'https' if _is_secure(request) else 'http'}://{request.get_host()}"
    return {own, origin_of(settings.PORTAL_URL), *settings.CSRF_TRUSTED_ORIGINS}


def origin_of(url: str) -> str:
    """Return the scheme, name and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _bearer(request: ASGIRequest) -> str | None:
    """Return the text of the token that comes with the request; None where another kind of right comes, or none."""
    kind, _blank, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else None


def _by_token(request: ASGIRequest) -> Entry | None:
    """Read the token as the API does, without its framework, which costs 11 MB."""
    text = _bearer(request)
    if text is None:
        return None
    now = timezone.now()
    token = tokens.find(text, now)
    if token is None:
        raise Refused(401, "token")
    tokens.note_use(token, now)
    return Entry(token.user, "token", token.digest, token.user.get_session_auth_hash())


def _by_session(request: ASGIRequest) -> Entry | None:
    """Read the session. None at 127.0.0.1 where the portal has a name: a browser sends the same cookies to machines' ports there."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key or is_beside_home(request):
        return None
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    person = get_user(request)
    if not isinstance(person, User) or request.session.session_key is None:
        return None
    return Entry(person, "session", request.session.session_key, person.get_session_auth_hash())
