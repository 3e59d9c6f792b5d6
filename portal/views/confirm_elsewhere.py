"""“Is it you?” for whoever signs in at a provider: they sign in there once more."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import OutsideAccount
from portal.next_page import next_page
from portal.presenters.outside_ways import providers
from portal.signed_in import SignedIn


@require_GET
@never_cache
def confirm(request: SignedIn) -> HttpResponse:
    """Offer the providers at which this person has an account."""
    theirs = set(OutsideAccount.objects.filter(user=request.user).values_list("way", flat=True))
    offered = [each for each in providers(request, process="confirm") if each.way in theirs]
    return render(request, "account/confirm_elsewhere.html", {"offered": offered, **_other_ways(request)})


def _other_ways(request: SignedIn) -> dict[str, Any]:
    wanted = next_page(request, sent=request.GET)
    query = f"?{urlencode({'next': wanted})}" if wanted else ""
    methods = get_adapter().get_reauthentication_methods(request.user)
    others = [{**each, "url": each["url"] + query} for each in methods if each["url"] != request.path]
    return {"reauthentication_alternatives": others}
