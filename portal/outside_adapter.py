"""The adapter of allauth's socialaccount: it speaks the protocol, and who is who is decided in accounts.outside."""

import functools
import logging
import time
from typing import Any

import requests
from allauth.account.utils import perform_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base.constants import AuthError
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.limits import count_outcome, ended_elsewhere
from accounts.outside.arrivals import Arrival, account_of, arrive
from accounts.outside.outside_refusals import NoAnswer, NotUnderstood, OutsideRefusal
from accounts.outside.provider_claims import arrival_of, arrival_of_attributes
from accounts.passwords import let_connections_go
from lib import seldom
from portal.confirmation import ELSEWHERE, is_fresh, note_sign_in, resume
from portal.request_facts import address_of

log = logging.getLogger(__name__)
PENDING = "outside_to_link"  # in the session: the account that its person may link to theirs
SIGNED_IN_AT = "minga:signed-in-at"  # beside a SAML person's attributes, whose names are addresses
_ENDS_AT = "_outside_ends_at"  # on the request: when its patience with the provider ends


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Ends each flow itself: allauth never makes an account."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Sign the person in, or keep the account until they have said that it is theirs."""
        try:
            arrival = arrival_from(sociallogin)
            ended_elsewhere(address=address_of(request))
            end = _ENDS.get(sociallogin.state.get("process"), _signed_in)
            raise ImmediateHttpResponse(end(request, sociallogin, arrival))
        except OutsideRefusal as refusal:
            count_outcome(f"{sociallogin.account.provider}:{refusal.code}")
            raise ImmediateHttpResponse(refused(request, refusal)) from None

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        """Answer with a page of ours."""
        if error == AuthError.CANCELLED:
            state = (extra_context or {}).get("state") or {}
            if state.get("process") == "confirm":
                raise ImmediateHttpResponse(_ask_again(request, state, _("You did not sign in there.")))
            messages.info(request, _("You did not sign in there."))
            raise ImmediateHttpResponse(redirect("account_login"))
        raise ImmediateHttpResponse(failed(request, provider.sub_id, exception or error))

    def get_requests_session(self) -> requests.Session:
        """Return a session whose calls, all of one request together, wait no longer than SIGN_IN_SECONDS."""
        let_connections_go()
        session = requests.Session()
        session.trust_env = False
        session.request = functools.partial(session.request, timeout=_seconds_left(self.request))  # type: ignore[method-assign]
        return session


def _seconds_left(request: Any) -> float:
    """Return how long the provider may still take for this request of a person."""
    ends_at = getattr(request, _ENDS_AT, None) or time.monotonic() + settings.SIGN_IN_SECONDS
    if request is not None:
        setattr(request, _ENDS_AT, ends_at)
    left: float = ends_at - time.monotonic()
    if left <= 0:
        raise requests.Timeout("The provider took too long.")
    return left


def arrival_from(sociallogin: Any) -> Arrival:
    """Return who arrives. Raises NotUnderstood where the answer is not the one to what was asked."""
    read = _by_saml if sociallogin.account.provider == "saml" else _by_openid_connect
    arrival = read(sociallogin)
    if not arrival.subject or len(arrival.subject) > 255 or len(arrival.name) > 255:
        raise NotUnderstood
    return arrival


def signed_in_at(sociallogin: Any) -> float | None:
    """Return when the provider says that the person has signed in there, in seconds since 1970; None where it says nothing."""
    said = sociallogin.account.extra_data
    is_saml = sociallogin.account.provider == "saml"
    at = said.get(SIGNED_IN_AT) if is_saml else (said.get("id_token") or {}).get("auth_time")
    return float(at) if isinstance(at, int | float) else None


def _by_saml(sociallogin: Any) -> Arrival:
    """Return who arrives by SAML; allauth has looked at the signature, and keeps the NameID as the uid."""
    names = {
        "id": settings.SAML_ID_ATTRIBUTE,
        "name": settings.SAML_NAME_ATTRIBUTE,
        "email": settings.SAML_EMAIL_ATTRIBUTE,
        "full_name": settings.SAML_FULL_NAME_ATTRIBUTE,
        "values": settings.SAML_ROLES_ATTRIBUTE,
    }
    account = sociallogin.account
    return arrival_of_attributes(account.provider, account.extra_data, account.uid, names)


def _by_openid_connect(sociallogin: Any) -> Arrival:
    """Return who arrives by OpenID Connect, where the nonce is ours and both answers are about one person."""
    said = sociallogin.account.extra_data
    token, more = said.get("id_token") or {}, said.get("userinfo") or {}
    asked = sociallogin.state.get("nonce")
    if not asked or token.get("nonce") != asked or more.get("sub", token.get("sub")) != token.get("sub"):
        raise NotUnderstood
    claims = {**token, **more}
    return arrival_of(
        sociallogin.account.provider, claims, name=settings.OIDC_NAME_CLAIM, values=settings.OIDC_ROLES_CLAIM
    )


def _signed_in(request: HttpRequest, sociallogin: Any, arrival: Arrival) -> HttpResponse:
    person, next_page = arrive(arrival), sociallogin.state.get("next")
    count_outcome(f"{arrival.way}:signed_in")
    note_sign_in(request, person, arrival.way, signed_in_at(sociallogin))
    request.session.set_expiry(0)  # as without "stay signed in"; a passkey that was begun here left a few minutes
    response: HttpResponse = perform_login(request, person, email_verification="none", redirect_url=next_page)
    return response


def _keep(request: HttpRequest, _sociallogin: Any, arrival: Arrival) -> HttpResponse:
    """Keep the account in the session: our page asks whether to link it, in a form that no other site can send."""
    request.session[PENDING] = {"way": arrival.way, "subject": arrival.subject, "name": arrival.name or arrival.subject}
    return redirect("accounts-elsewhere")


def _confirmed(request: HttpRequest, sociallogin: Any, arrival: Arrival) -> HttpResponse:
    """Go on with what asked “Is it you?”, for whoever has just signed in at the provider as the person that they are here."""
    account, at = account_of(arrival), signed_in_at(sociallogin)
    if account is None or account.user != request.user:
        return _ask_again(request, sociallogin.state, _("That is not the account with which you sign in here."))
    if not is_fresh(at):
        sentence = _(
            "That server did not say that you signed in just now, so this confirms nothing. Ask an administrator."
        )
        return _ask_again(request, sociallogin.state, sentence)
    note_sign_in(request, account.user, arrival.way, at)
    return resume(request, sociallogin.state.get("next") or "")


def _ask_again(request: HttpRequest, state: dict[str, Any], sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    return redirect(f"{reverse(ELSEWHERE)}?{urlencode({'next': state.get('next') or ''})}")


# What `process` of a sign-in that was begun comes to; the usual one is a sign-in.
_ENDS = {"connect": _keep, "confirm": _confirmed}


def failed(request: HttpRequest, way: str, error: Any) -> HttpResponse:
    """Answer a provider that hangs, is away, or says what nobody understands."""
    seldom.warning(log, f"sign-in {way}", "sign-in through %s: %r", way, error, memory=seldom.OWN)
    is_away = isinstance(error, requests.ConnectionError | requests.Timeout)
    refusal = NoAnswer() if is_away else NotUnderstood()
    count_outcome(f"{way}:{refusal.code}")
    return refused(request, refusal)


def refused(request: HttpRequest, refusal: OutsideRefusal) -> HttpResponse:
    """Answer with the reason for which nobody was signed in, and a way back."""
    response = render(request, "account/elsewhere_refused.html", {"refusal": refusal}, status=refusal.status)
    response._has_been_logged = True  # type: ignore[attr-defined]  # else Django writes an error for each 503
    return response
