"""“Is it you?”: people show once more who they are, before anything about signing in is changed (docs/adr/0097).

allauth asks whoever has a password here, an app or a passkey. This adds those whose sign-in is kept elsewhere, whom it asks nothing.
"""

import time
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows import reauthentication
from allauth.account.internal.flows.login import record_authentication
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import OutsideAccount, User
from accounts.outside.sign_in import ways
from portal.signed_in import SignedIn

View = Callable[..., HttpResponse]
ELSEWHERE = "account_confirm_elsewhere"
# Ids of the ways in which people show who they are; all but the last are allauth's.
USUAL_ORDER = ("reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate:webauthn", "elsewhere")
SECONDS: int = app_settings.REAUTHENTICATION_TIMEOUT  # for which it holds


def is_recent(request: HttpRequest) -> bool:
    """Return whether this person has shown who they are within the last minutes."""
    records = [each for each in get_authentication_records(request, request.user) if each.get("reauthenticated")]
    return bool(records) and time.time() - records[-1]["at"] < SECONDS


def confirmed_where(is_needed: Callable[[SignedIn], bool]) -> Callable[[View], View]:
    """Lead whoever has not shown it lately to where they do, and from there back, where the request needs it."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: SignedIn, *args: Any, **kwargs: Any) -> HttpResponse:
            if is_needed(request) and not is_recent(request):
                raise ReauthenticationRequired
            return view(request, *args, **kwargs)

        return guarded

    return decorate


confirmed_first = confirmed_where(lambda _request: True)


def note_sign_in(request: HttpRequest, person: User, way: str, at: float | None) -> None:
    """Remember when a provider let this person in. `at`: as it says itself, in seconds since 1970; None where it says nothing.

    Somebody who was signed in there for hours has shown nothing just now, whenever they came here.
    """
    when = {} if at is None else {"at": min(at, time.time()), "reauthenticated": True}
    record_authentication(request, person, "socialaccount", provider=way, **when)


def is_fresh(at: float | None) -> bool:
    """Return whether a sign-in at a provider is so recent that it shows who somebody is."""
    return at is not None and time.time() - at < SECONDS


def resume(request: HttpRequest, next_page: str) -> HttpResponse:
    """Go on with what was asked before: the page, or the form that was sent."""
    request.GET = QueryDict(urlencode({"next": next_page}))
    response: HttpResponse | None = reauthentication.resume_request(request)
    return response or redirect("account")


def methods_of(person: User, of_allauth: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the ways in which a person shows who they are, the usual one first. There is always one: its page may say that none is left."""
    found = of_allauth if person.has_usable_password() else [*_accounts_of(person), *of_allauth]
    found = sorted(found, key=lambda method: USUAL_ORDER.index(method["id"]))
    # allauth sorts by the description, which differs between languages. People read what templates/mfa/_other_ways.html says.
    more = {"has_app": _has_app(person)} if any(method["id"] == "mfa_reauthenticate" for method in found) else {}
    return [{**method, **more, "description": str(place)} for place, method in enumerate(found)] or [
        _method("elsewhere", ELSEWHERE)
    ]


def _has_app(person: User) -> bool:
    """Return whether codes are those of an app; recovery codes come with a passkey, too."""
    found: bool = Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists()
    return found


def _accounts_of(person: User) -> Iterator[dict[str, Any]]:
    """Yield the ways of somebody without a password here: where their accounts are."""
    theirs = set(OutsideAccount.objects.filter(user=person).values_list("way", flat=True))
    checked_by_password = theirs & ways().keys()
    if checked_by_password:
        yield _method("reauthenticate", "account_reauthenticate")
    if theirs - checked_by_password:
        yield _method("elsewhere", ELSEWHERE)


def _method(name: str, url: str) -> dict[str, Any]:
    return {"id": name, "description": name, "url": reverse(url)}
