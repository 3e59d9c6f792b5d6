"""Requests for files of a machine, as the page's script, a program and a browser send them."""

import json
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.utils import timezone

from accounts.live_tickets import tickets
from accounts.live_tickets.tickets import Proof
from accounts.models import User
from portal.live_addresses import files_purpose
from tests.live.process import LiveProcess, session_of
from tests.waiting import PATIENCE


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def facts(self) -> Any:
        return json.loads(self.body)

    @property
    def said(self) -> tuple[int, str]:
        """The status, and the code of what was refused."""
        return self.status, self.facts.get("code", "")


class Caller:
    """The page's script, with the cookies of a person. `machine`: its id."""

    def __init__(self, live: LiveProcess, machine: Any, person: User | None) -> None:
        self.live, self.machine = live, machine
        self.headers = {"Origin": live.url}
        self.key = session_of(person) if person else ""
        self.person = person
        if person:
            self.headers["Cookie"] = f"{settings.SESSION_COOKIE_NAME}={self.key}"

    def ask(self, method: str, path: str | bytes = "", body: Any = None, headers: Any = None, **query: Any) -> Answer:
        line = self.line()
        try:
            line.request(method, self.address(path, **query), body, {**self.headers, **(headers or {})})
            answer = line.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            line.close()

    def line(self) -> HTTPConnection:
        return HTTPConnection("localhost", self.live.port, timeout=PATIENCE)

    def address(self, path: str | bytes, **query: Any) -> str:
        more = f"&{urlencode({name.rstrip('_'): value for name, value in query.items()})}" if query else ""
        return f"/live/files/{self.machine}?path={quote(path)}{more}"

    def get(self, path: str | bytes = "", **query: Any) -> Answer:
        return self.ask("GET", path, **query)

    def put(self, path: str | bytes, content: bytes, start: int = 0, total: int | None = None, **query: Any) -> Answer:
        total = len(content) if total is None else total
        span = {"Content-Range": f"bytes {start}-{start + len(content) - 1}/{total}"}
        return self.ask("PUT", path, content, span, **query)

    def ticket(self, method: str) -> str:
        person = self.person
        assert person
        proof = Proof("session", self.key, person.get_session_auth_hash())
        return tickets.make(person, proof, scope=files_purpose(self.machine, method), now=timezone.now())
