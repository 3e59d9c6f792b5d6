"""Programs that may read /metrics. By itself, since the live process needs nothing else of the probes, which load reportlab: 4 MB."""

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest

PASSED_ON = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_")  # a proxy has added one of these


def may_scrape(request: HttpRequest) -> bool:
    kind, _blank, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and kind.lower() == "bearer":
        return hmac.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    return not _is_passed_on(request) and _is_allowed(request.META.get("REMOTE_ADDR", ""))


def _is_passed_on(request: HttpRequest) -> bool:
    """Return whether a proxy passed it on: then anybody may come from its address, which often is this very computer's."""
    return any(name.startswith(PASSED_ON) for name in request.META)


def _is_allowed(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in settings.METRICS_ALLOW)
