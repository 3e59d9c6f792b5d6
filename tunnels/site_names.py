"""The names by which the portal is reached, and why a student's public ports must not have any of them.

Browsers send a cookie to every port of a host, so whoever listens on one port of the portal's host is given its visitors' sessions.
A host that contains the other's name can at least write cookies for it.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.db import DatabaseError

from tunnels.models import Gateway

# A trial on one computer has no other name. The gateway of make run lets no request for `localhost` through (tunnels/one_origin.py).
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Below these, everybody may register a name: edu.ec, ac.uk, com.pe. Enough for a warning; a refusal does not depend on it.
SECOND_LEVELS = frozenset({"ac", "co", "com", "edu", "gob", "gov", "mil", "net", "nom", "org"})


def bare(name: str) -> str:
    """Return a host's name as it is compared: lower case, without brackets, port and dots at its ends."""
    name = name.strip().lower()
    host = name[1:].partition("]")[0] if name.startswith("[") else name
    return host.strip(".") if host.count(":") != 1 else host.partition(":")[0].strip(".")


def portal_hosts() -> list[str]:
    """Return the portal's names that browsers may know, without those of loopback: from ALLOWED_HOSTS, PORTAL_URL and the cookies' domains."""
    cookies = (settings.SESSION_COOKIE_DOMAIN, settings.CSRF_COOKIE_DOMAIN, settings.LANGUAGE_COOKIE_DOMAIN)
    named = [*settings.ALLOWED_HOSTS, urlsplit(settings.PORTAL_URL).hostname or "", *cookies]
    return sorted({bare(name) for name in named if name} - LOOPBACK - {""})


def clash(public_host: str) -> str | None:
    """Return the portal's name that equals or contains this one, or is contained in it; None where there is none."""
    name = bare(public_host)
    if not name or name in LOOPBACK:
        return None
    return next((own for own in portal_hosts() if own == "*" or _contain_each_other(own, name)), None)


def _contain_each_other(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def neighbour(public_host: str) -> str | None:
    """Return the portal's name that shares its registered domain with this one: each can write cookies for both."""
    domain = _registered(bare(public_host))
    return next((own for own in portal_hosts() if domain and _registered(own) == domain), None)


def _registered(name: str) -> str:
    """Return the registered domain, nearly (the whole list of public suffixes changes each week); '' for addresses."""
    labels = name.split(".")
    if len(labels) < 2 or labels[-1].isdecimal() or ":" in name:
        return ""
    size = 3 if len(labels[-1]) == 2 and labels[-2] in SECOND_LEVELS else 2
    return ".".join(labels[-size:]) if len(labels) >= size else ""


def refusal(gateway: str, public_host: str, own: str) -> str:
    """Return the sentence for an administrator."""
    if own == "*":
        return f"ALLOWED_HOSTS=* makes every name the portal's own, also the gateway's, {public_host}. Name the portal's hosts there."
    return (
        f"{public_host}, the public host of {gateway}, and {own}, a name of the portal, are one host to a browser, or one is part of "
        "the other. Students' machines would be sent the cookies of whoever opens their ports, and could sign in as that person. "
        "Give the gateway a name of its own: manage.py gateway NAME --public-host OTHER-NAME."
    )


def gateways() -> Sequence[tuple[str, str]]:
    """Return (name, public host) of each gateway in use. No other column is read: the tables may be those of the version before."""
    return list(Gateway.objects.filter(enabled=True).order_by("name").values_list("name", "public_host"))


@checks.register(checks.Tags.security, checks.Tags.database)
def hosts_apart(databases: Iterable[str] | None = None, **_more: Any) -> list[checks.CheckMessage]:
    """System check, where the database may be asked: `migrate`, `prepare`, `check --database default`."""
    if "default" not in (databases or ()):
        return []
    try:
        known = gateways()
    except DatabaseError:
        return []  # no tables yet, or no database: nothing is open then
    clashes = [(name, host, own) for name, host in known if (own := clash(host))]
    near = [(name, host, own) for name, host in known if not clash(host) and (own := neighbour(host))]
    return [
        *(checks.Error(refusal(*one), id="minga.E001") for one in clashes),
        *(checks.Warning(warning(*one), id="minga.W001") for one in near),
    ]


def warning(gateway: str, public_host: str, own: str) -> str:
    return (
        f"{public_host}, the public host of {gateway}, and {own} share a domain, so what a student's machine serves counts as the same "
        "site as the portal. The portal's cookies do not go there; a name below another domain would be safer still."
    )
