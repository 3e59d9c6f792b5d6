"""The page on which a person allows a program on one of their computers to act for them."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import device_codes
from accounts.limits import TooManyCodes
from lib.notes import Refusal
from portal.signed_in import SignedIn

LONGEST = 40  # characters of a code, however it was typed


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def device(request: SignedIn) -> HttpResponse:
    """Ask for the code; then show which program waits with it; then do what the person decides.

    The code is always typed: a link that brought it along would let a stranger send theirs, to be allowed by who does not read.
    """
    code = request.POST.get("code", "")[:LONGEST]
    if not code:
        return _page(request)
    try:
        return _answered(request, code)
    except TooManyCodes:
        raise  # it has a page of its own
    except Refusal as refusal:
        return _page(request, status=refusal.status, refusal=str(refusal))


def _answered(request: SignedIn, code: str) -> HttpResponse:
    decision = request.POST.get("decision", "")
    if decision not in ("allow", "deny"):
        return _page(request, code=code, waiting=device_codes.waiting(user_code=code, person=request.user))
    row = device_codes.decide(user_code=code, person=request.user, is_allowed=decision == "allow")
    return _page(request, done=row, is_allowed=row.state != row.State.DENIED)


def _page(request: SignedIn, status: int = 200, **context: object) -> HttpResponse:
    return render(request, "account/device.html", context, status=status)
