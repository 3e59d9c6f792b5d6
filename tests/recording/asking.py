"""People who send requests. Whatever an answer wrote into the database is taken back at once, so that no answer depends on another."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.test.client import ClientHandler

from lib.minute_counts import MinuteCounts
from portal.middleware import page_writes
from tests.recording import written
from tests.upgrade.base import session_of, token_of

Headers = dict[str, str]
READING = ("GET", "HEAD", "OPTIONS")
_numbers: list[str] = []


@contextmanager
def taken_back(*, is_reading: bool = False) -> Iterator[None]:
    """Rows and the numbers of their sequences are afterwards as they were; what was drawn by lot is drawn alike each time."""
    random.seed(0)
    mail.outbox = []
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    if not is_reading:
        with connection.cursor() as cursor:
            cursor.execute(_sequences())


def _sequences() -> str:
    """A statement that puts every sequence back to where it is when this is called first."""
    if not _numbers:
        with connection.cursor() as cursor:
            cursor.execute("SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences")
            calls = [
                f"setval('{name}', {last or 1}, {'true' if last else 'false'})" for name, last in cursor.fetchall()
            ]
        _numbers.append("SELECT " + ", ".join(calls))
    return _numbers[0]


@cache
def _handler(csrf: bool) -> ClientHandler:
    """Made once: to load the middleware for each client would take as long as to answer."""
    return ClientHandler(csrf)


def new_client(*, csrf: bool = False) -> Client:
    page_writes.WRITES = MinuteCounts()  # nobody is slowed down by what was asked before
    client = Client(raise_request_exception=False)
    client.handler = _handler(csrf)
    return client


class Person:
    """A person with a browser and a program, signed in since before the upgrade; `visitor` is not."""

    def __init__(self, role: str, fixed: Sequence[str] = ()) -> None:
        """`fixed`: the pages without a parameter, to one of which most forms lead."""
        self.role, self.fixed = role, fixed
        self.pages: dict[tuple[str, str], set[str]] = {}
        is_known = role != "visitor"
        self.cookies = {"sessionid": session_of(role)} if is_known else {}
        self.token: Headers = {"Authorization": f"Bearer {token_of(role)}"} if is_known else {}

    def client(self, *, csrf: bool = False) -> Client:
        client = new_client(csrf=csrf)
        for name, value in self.cookies.items():
            client.cookies[name] = value
        return client

    def page(
        self, method: str, url: str, language: str = "en", data: Any = None, *, csrf: bool = False, **more: str
    ) -> str:
        """Return the answer to a browser, and after a form that was taken, what the next page says that it did not say before."""
        seen = self._seen_before(url, language) if method == "POST" else set()
        with taken_back(is_reading=method in READING):
            client = self.client(csrf=csrf)
            ask: Callable[..., Any] = getattr(client, method.lower())
            response = ask(url, data or {}, headers={"Accept-Language": language, **more})
            text = _text(response, seen)
            return text + self._next(client, response, language) + _mails()

    def _next(self, client: Client, response: Any, language: str) -> str:
        target = response.headers.get("Location", "")
        if response.request["REQUEST_METHOD"] == "GET" or not target.startswith("/") or self.role == "visitor":
            return ""
        page = client.get(target, headers={"Accept-Language": language})
        if page.status_code != 200 or "html" not in page.get("Content-Type", ""):
            return f"\n-- then {target}: {page.status_code}"
        new = _new(page, self.pages.get((_page_of(target), language), set()))
        return f"\n-- then {written.plain(target)} has these lines more:\n" + "\n".join(new)

    def _seen_before(self, url: str, language: str) -> set[str]:
        """Return the lines of the page to which an address belongs, as it is without the form; and those of the pages to which it may lead."""
        for page in (*self.fixed, _page_of(url)):
            if (page, language) not in self.pages:
                with taken_back(is_reading=True):
                    response = self.client().get(page, headers={"Accept-Language": language})
                    text = written.body(response.get("Content-Type", ""), _bytes(response))
                    self.pages[page, language] = set(text.splitlines()) if response.status_code == 200 else set()
        return self.pages[_page_of(url), language]

    def api(self, method: str, url: str, body: Any = "", language: str = "en", **headers: str) -> str:
        with taken_back(is_reading=method in READING):
            sent = {**self.token, "Accept-Language": language, **headers}
            client = Client(raise_request_exception=False)
            return (
                _text(client.generic(method, url, body, content_type="application/json", headers=sent), set())
                + _mails()
            )


def _page_of(url: str) -> str:
    """Return the machine's page for an address below a machine; else the page itself."""
    plain = url.partition("#")[0]
    parts = plain.strip("/").split("/")
    return f"/{'/'.join(parts[:2])}/" if parts[0] == "machines" and len(parts) > 1 else plain


def _bytes(response: Any) -> bytes:
    if getattr(response, "streaming", False):
        if response.is_async:
            return b"(an asynchronous stream)"
        return b"".join(response.streaming_content)
    return bytes(response.content)


def _new(response: Any, seen: set[str]) -> list[str]:
    lines = written.body(response.get("Content-Type", ""), _bytes(response)).splitlines()
    return [line for line in lines if line not in seen and ' name="next" ' not in line]


def _text(response: Any, seen: set[str]) -> str:
    kind = response.get("Content-Type", "")
    if "html" in kind and seen:
        return f"{written.head(response)}\n-- lines that the page has not without it:\n" + "\n".join(
            _new(response, seen)
        )
    return f"{written.head(response)}\n\n{written.body(kind, _bytes(response))}"


def _mails() -> str:
    """Return the mails that were sent on the way."""
    return "".join(
        f"\n-- mail to {', '.join(one.to)} from {one.from_email}: {one.subject}\n{written.plain(one.body)}"
        + "".join(f"\n-- as {kind}\n{written.html(str(text))}" for text, kind in getattr(one, "alternatives", []))
        for one in mail.outbox
    )
