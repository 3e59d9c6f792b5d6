"""SAML with the time at which somebody signed in at the provider: a new sign-in is asked for, and its time read from the answer.

Imports libraries that are an extra (requirements-saml.txt), so views import it only where SAML is used.
"""

from typing import Any

from allauth.socialaccount.providers.saml.provider import SAMLProvider
from allauth.socialaccount.providers.saml.utils import build_auth
from allauth.socialaccount.providers.saml.views import FinishACSView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.dateparse import parse_datetime
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from portal.outside_adapter import SIGNED_IN_AT

# Of the one assertion in an answer, whose signature was looked at.
_INSTANT = "/samlp:Response/saml:Assertion/saml:AuthnStatement/@AuthnInstant"


def ask(request: HttpRequest, provider: Any, process: str, next_page: str) -> HttpResponse:
    """Send the browser to the provider, which asks once more who it is where `process` is `confirm`."""
    auth = build_auth(request, provider)
    url = auth.login(return_to="", force_authn=process == "confirm")
    provider.stash_redirect_state(request, process, next_page, None, state_id=auth.get_last_request_id())
    return HttpResponseRedirect(url)


class TimedProvider(SAMLProvider):  # type: ignore[misc]  # allauth has no types
    def extract_extra_data(self, data: Any) -> dict[str, Any]:
        """Return the attributes, and when the person signed in."""
        found: dict[str, Any] = super().extract_extra_data(data)
        return {**found, SIGNED_IN_AT: _signed_in_at(data)}


def _signed_in_at(auth: Any) -> float | None:
    """Return the time in seconds since 1970; None where the answer does not tell it."""
    document = OneLogin_Saml2_XML.to_etree(auth.get_last_response_xml())
    instants = [parse_datetime(str(text)) for text in OneLogin_Saml2_XML.query(document, _INSTANT)]
    return min((at.timestamp() for at in instants if at), default=None)


class Finish(FinishACSView):  # type: ignore[misc]
    def get_provider(self, organization_slug: str) -> Any:
        return TimedProvider(self.request, app=self.get_app(organization_slug))


finish = Finish.as_view()
