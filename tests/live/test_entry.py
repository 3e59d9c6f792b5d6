"""The entry to a live connection: host, origin, session, token."""

from typing import Any

import pytest

from accounts import tokens
from accounts.models import User
from portal.live.entry import Entry, Refused, check, enter
from tests.live.process import session_of

pytestmark = pytest.mark.django_db
OURS = "https://labs.example.org"


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    settings.ALLOWED_HOSTS, settings.PORTAL_URL = ["labs.example.org", "127.0.0.1"], OURS


def scope(kind: str = "http", scheme: str = "https", **headers: str) -> dict[str, Any]:
    """`headers`: with _ for -."""
    named = {"host": "labs.example.org", "accept": "text/event-stream"} | headers
    pairs = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in named.items() if value]
    return {
        "type": kind,
        "scheme": scheme,
        "path": "/live/events",
        "query_string": b"",
        "headers": pairs,
        "method": "GET",
    }


def entered(scope: dict[str, Any]) -> Entry:
    check(scope)
    return enter(scope)


def refused(**facts: Any) -> tuple[int, str]:
    with pytest.raises(Refused) as refusal:
        entered(scope(**facts))
    return refusal.value.status, refusal.value.reason


def cookie(person: User) -> str:
    return f"sessionid={session_of(person)}"


def test_a_session_lets_in(student: User) -> None:
    entry = entered(scope(cookie=cookie(student), sec_fetch_site="same-origin"))
    assert (entry.person, entry.kind) == (student, "session")


def test_what_stays_open_keeps_the_key_of_a_row_and_not_the_row(student: User) -> None:
    entry = entered(scope(cookie=cookie(student), sec_fetch_site="same-origin")).kept()
    assert (entry.person.pk, entry.person.get_deferred_fields() >= {"username", "password", "language"}) == (
        student.pk,
        True,
    )


def test_a_token_lets_in_without_an_origin(student: User) -> None:
    entry = entered(scope("websocket", "wss", authorization=f"Bearer {tokens.make(user=student)}"))
    assert (entry.person, entry.kind) == (student, "token")


def test_another_kind_of_right_does_not_lead_to_the_session(student: User) -> None:
    facts = {"authorization": "Basic YTpi", "cookie": cookie(student), "origin": OURS}
    assert refused(kind="websocket", **facts) == (401, "token")


def test_basic_does_not_excuse_a_missing_origin(student: User) -> None:
    """A browser sends it by itself, where another site's page names the user in the address."""
    facts = {"authorization": "Basic YTpi", "cookie": cookie(student)}
    assert refused(kind="websocket", **facts) == (403, "origin")


@pytest.mark.parametrize("headers", [{}, {"cookie": "sessionid=guessed"}, {"authorization": "Bearer guessed"}])
def test_a_stranger_is_refused(headers: dict[str, str]) -> None:
    assert refused(**headers)[0] == 401


def test_a_deactivated_person_is_refused(student: User) -> None:
    known = cookie(student)
    User.objects.update(is_active=False)
    assert refused(cookie=known) == (401, "unknown")


@pytest.mark.parametrize("origin", [OURS, "https://other.example.org"])
def test_the_portal_s_own_origins_may(settings: Any, student: User, origin: str) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://other.example.org"]
    assert entered(scope("websocket", "wss", cookie=cookie(student), origin=origin)).person == student


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.org",
        "http://labs.example.org",
        "https://labs.example.org:8443",
        "null",
        "https://labs.example.org.evil.org",
    ],
)
def test_another_origin_may_not(student: User, kind: str, origin: str) -> None:
    assert refused(kind=kind, cookie=cookie(student), origin=origin) == (403, "origin")


def test_a_token_does_not_excuse_another_origin(student: User) -> None:
    token = tokens.make(user=student)
    assert refused(authorization=f"Bearer {token}", origin="https://evil.example.org") == (403, "origin")


@pytest.mark.parametrize(
    "headers",
    [{"kind": "websocket"}, {"sec_fetch_site": "same-site"}, {"sec_fetch_site": "cross-site"}, {"accept": "image/png"}],
)
def test_cookies_without_an_origin_need_our_own_page(student: User, headers: dict[str, str]) -> None:
    """An image of a machine's page, on the same site, would take one of a person's streams."""
    assert refused(cookie=cookie(student), **headers) == (403, "origin")


def test_another_host_is_refused(student: User) -> None:
    assert refused(cookie=cookie(student), host="evil.example.org") == (400, "host")


def test_cookies_are_not_taken_at_the_address_of_machines_ports(settings: Any, student: User) -> None:
    settings.PORTAL_URL = "http://localhost:8000"
    facts = {"host": "127.0.0.1:8001", "origin": "http://localhost:8000", "cookie": cookie(student)}
    assert refused(scheme="http", **facts) == (401, "unknown")


def test_plain_http_is_refused_where_the_site_is_https(settings: Any, student: User) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert refused(scheme="http", authorization=f"Bearer {tokens.make(user=student)}") == (403, "plain_http")


def test_the_word_of_the_proxy_on_https_counts(settings: Any, student: User) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_PROXY_SSL_HEADER = True, ("HTTP_X_FORWARDED_PROTO", "https")
    facts = {"cookie": cookie(student), "x_forwarded_proto": "https"}
    for kind, scheme, headers in (("http", "http", {}), ("websocket", "ws", {"origin": OURS})):
        assert entered(scope(kind, scheme, **facts, **headers)).person == student
