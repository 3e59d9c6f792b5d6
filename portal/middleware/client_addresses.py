"""Note from which address somebody who is signed in (in a browser, or by a token) uses the portal."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.db import DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts import addresses
from accounts.audit.trail import asked_from
from accounts.browsers import browser_sessions
from accounts.models import User
from lib.doorbell import ring
from portal.request_facts import address_of

log = logging.getLogger(__name__)
PAUSE = timedelta(minutes=10)  # between two notes of the same person at the same address, by one process
MOST_NOTED = 20_000
PROGRAMS = ("/agent/", "/static/")  # no people, and no session that should be looked up for them


class SignIns:
    """Middleware after AuthenticationMiddleware. Whom a token names is known only when the view has been asked."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.noted: OrderedDict[tuple[int, str, str], datetime] = OrderedDict()  # in memory: no query for a request

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with asked_from(address_of(request)):
            response: HttpResponseBase = self.get_response(request)
        if not request.path.startswith(PROGRAMS):
            user, address = getattr(request, "user", None), address_of(request)
            session = _session_of(request, user)
            if isinstance(user, User) and (address or session) and self._is_due(user.pk, address, session):
                _note(user, address, session, request.headers.get("User-Agent", ""))
        return response

    def _is_due(self, user: int, address: str, session: str) -> bool:
        now, key = timezone.now(), (user, address, session)
        last = self.noted.get(key)
        if last is not None and last <= now < last + PAUSE:
            return False
        self.noted[key] = now
        self.noted.move_to_end(key)
        while len(self.noted) > MOST_NOTED:
            self.noted.popitem(last=False)
        return True


def _session_of(request: HttpRequest, user: Any) -> str:
    """Return the key of the session in which this person is signed in; '' for a program, which came by a token."""
    session: Any = getattr(request, "session", None)
    is_read = isinstance(user, User) and session is not None and session.accessed
    if not is_read or session.get(SESSION_KEY) != str(user.pk):
        return ""
    return session.session_key or ""


def _note(user: User, address: str, session: str, agent: str) -> None:
    """Write the address down, and where the session is used. A failure must not cost the answer that is ready."""
    try:
        if session:
            agent = agent.encode("ascii", "replace").decode().replace("\0", "")
            browser_sessions.note(user=user, key=session, address=address, agent=agent, at=timezone.now())
        if address and addresses.note(user=user, address=address, at=timezone.now()):
            ring("machines.tasks.let_knock", user.pk)
    except DatabaseError as error:
        log.warning("an address could not be noted: %s", error)
