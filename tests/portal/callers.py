"""Visitors who ask for one address of the project after the other."""

import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client

from lib.minute_counts import MinuteCounts
from portal.middleware import page_writes


@dataclass(frozen=True)
class Address:
    """An address, filled in with the student's things."""

    name: str
    url: str
    is_theirs: bool  # it names a machine, a port, a key or a token of the student

    @property
    def is_of_programs(self) -> bool:
        return self.url.startswith(("/api/", "/agent/"))


class Caller:
    """A visitor who asks for one address after the other, each time as if it were the first.

    A client and a sign-in for each would be as true and take three times as long: a client loads all middleware.
    """

    def __init__(self, user: Any = None) -> None:
        self.client, self.user = Client(), user
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
        page_writes.WRITES = MinuteCounts()
        if not self.is_changed:
            return
        if self.user is not None:
            type(self.user).objects.filter(pk=self.user.pk).update(sign_outs=self.user.sign_outs)
        facts = ["session_data", "expire_date"]
        Session.objects.bulk_create(
            self.sessions, update_conflicts=True, unique_fields=["session_key"], update_fields=facts
        )
