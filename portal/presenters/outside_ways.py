"""The names of the ways by which people sign in with an account elsewhere, and the buttons of those that are web sites."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from portal.next_page import next_page

LABELS: dict[str, Promise] = {"keystone": _("The cloud (Horizon)"), "ldap": _("The university's directory (LDAP)")}
OIDC, SAML = "oidc", "saml"  # the ways, and the providers' ids in addresses


@dataclass(frozen=True, slots=True)
class Provider:
    """A site at which people sign in."""

    way: str
    label: str
    url: str


def label_of(way: str) -> str:
    """Return what people call it; a way that the settings no longer know stays as it is."""
    return str(LABELS.get(way) or {OIDC: settings.OIDC_LABEL, SAML: settings.SAML_LABEL}.get(way, way))


def providers(request: HttpRequest, *, process: str = "") -> list[Provider]:
    """Return the sites at which one can sign in, and come back to the page that was wanted.

    `process`: `connect` to link an account there, `confirm` to show once more who one is.
    """
    wanted = next_page(request, sent=request.GET)
    sent = {name: value for name, value in (("process", process), ("next", wanted)) if value}
    query = f"?{urlencode(sent)}" if sent else ""
    found = []
    if settings.OIDC_URL:
        found.append(Provider(OIDC, label_of(OIDC), reverse("openid_connect_login", args=[OIDC]) + query))
    if settings.SAML_METADATA:
        found.append(Provider(SAML, label_of(SAML), reverse("saml_login", args=[SAML]) + query))
    return found
