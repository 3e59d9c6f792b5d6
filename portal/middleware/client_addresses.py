"""Note from which address somebody who is signed in (in a browser, or by a token) uses the portal."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

from allauth.core import context
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts import addresses
from accounts.models import User
from lib.doorbell import ring
from tunnels.agent.protocol import read_address

log = logging.getLogger(__name__)
PAUSE = timedelta(minutes=10)  # between two notes of the same person at the same address, by one process
MOST_NOTED = 20_000
PROGRAMS = ("/agent/", "/static/")  # no people, and no session that should be looked up for them


class SignIns:
    """Middleware after AuthenticationMiddleware. Whom a token names is known only when the view has been asked."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.noted: OrderedDict[tuple[int, str], datetime] = OrderedDict()  # in memory: no query for a request

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = self.get_response(request)
        if not request.path.startswith(PROGRAMS):
            user, address = getattr(request, "user", None), address_of(request)
            if isinstance(user, User) and address and self._is_due(user.pk, address):
                _note(user, address)
        return response

    def _is_due(self, user: int, address: str) -> bool:
        now, key = timezone.now(), (user, address)
        last = self.noted.get(key)
        if last is not None and last <= now < last + PAUSE:
            return False
        self.noted[key] = now
        self.noted.move_to_end(key)
        while len(self.noted) > MOST_NOTED:
            self.noted.popitem(last=False)
        return True


def _note(user: User, address: str) -> None:
    """Write the address down. A failure must not cost the answer that is ready."""
    try:
        if addresses.note(user=user, address=address, at=timezone.now()):
            ring("machines.tasks.let_knock", user.pk)
    except DatabaseError as error:
        log.warning("an address could not be noted: %s", error)


def address_of(request: HttpRequest) -> str:
    """Return the visitor's address, as a trusted proxy tells it, or the proxy's own; '' when it is not known."""
    address = _read(request.META.get("REMOTE_ADDR", ""))
    # The last one was added by the proxy next to us; what stands before the first stranger, anybody may have written.
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        if address is None or not _is_proxy(address):
            break
        address = _read(hop.strip())
    return "" if address is None or _is_proxy(address) else str(address)


def current_address() -> str:
    """Return the address of the request that is being answered, for code that allauth calls without it."""
    request = context.request
    return address_of(request) if request is not None else ""


def _read(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return read_address(text)
    except ValueError:
        return None


def _is_proxy(address: IPv4Address | IPv6Address) -> bool:
    return any(address in ip_network(text) for text in settings.TRUSTED_PROXIES)
