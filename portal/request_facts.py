"""Facts of a request, wherever it is answered: its id, and from where the visitor comes."""

import re
import secrets
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

from allauth.core import context
from django.conf import settings
from django.http import HttpRequest

from accounts import second_steps
from accounts.time_zones import is_offered
from tunnels.agent.protocol import read_address

# The id that a proxy before us may have given. Anything else could forge a line, fill the log, or carry a script to a page.
SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
ID_BYTES = 5  # ten characters, which somebody can read out


def request_id(request: HttpRequest) -> str:
    """Return the id that this request has, came with, or gets now."""
    known = request.META.get("minga.request_id")
    if known is None:
        given = request.headers.get("X-Request-ID", "")
        known = given if SANE.fullmatch(given) else secrets.token_hex(ID_BYTES)
        request.META["minga.request_id"] = known
    return str(known)


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


def browser_zone(request: HttpRequest) -> str:
    """Return the zone that static/js/zone.js wrote into a cookie; '' where there is none, or one that nobody could choose."""
    name = request.COOKIES.get(settings.ZONE_COOKIE_NAME, "")
    return name if is_offered(name) else ""


def is_typed(request: HttpRequest) -> bool:
    """Return whether somebody typed this address or opened a bookmark. Browsers tell it over HTTPS and at localhost only."""
    return request.headers.get("Sec-Fetch-Site") == "none"


def _read(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return read_address(text)
    except ValueError:
        return None


def _is_proxy(address: IPv4Address | IPv6Address) -> bool:
    return any(address in ip_network(text) for text in settings.TRUSTED_PROXIES)


def owes_second_step(request: Any) -> bool:
    """Say whether the person of a request has to set up a second step first. Costs a query at most once in a request."""
    if not hasattr(request, "_owes_second_step"):
        request._owes_second_step = second_steps.is_owed(request.user)
    return bool(request._owes_second_step)
