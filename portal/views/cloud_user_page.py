"""The page of the Horizon account that the portal makes for a person: ask for it, see its password once, end it."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.cloud_users import asking
from accounts.models import OutsideAccount
from accounts.outside import keystone
from portal.confirmation import confirmed_where
from portal.once import once_per_form
from portal.request_facts import address_of
from portal.signed_in import SignedIn

PAGE = "account/horizon.html"
USUAL = timedelta(minutes=2)  # by then the cloud has made it, unless something is wrong


def show(request: SignedIn, password: str = "") -> HttpResponse:
    """Show the page: the offer, or the account and what the person may do with it."""
    row = asking.own(request.user)
    context = {
        "row": row,
        "password": password,
        "is_offered": asking.is_offered(request.user),
        "is_late": row is not None and not row.is_ready and row.asked_at < timezone.now() - USUAL,
        "horizon": settings.HORIZON_URL,
        "domain": settings.KEYSTONE_USERS_DOMAIN,
        "signs_in_here": signs_in_here(request, is_new=row is None or not row.subject),
    }
    return render(request, PAGE, context)


def signs_in_here(request: SignedIn, *, is_new: bool) -> bool:
    """Say whether the Horizon account signs in at this site, too, or would."""
    is_asked = settings.KEYSTONE_USERS_DOMAIN in ("", settings.CLOUD_SIGN_IN_DOMAIN)
    if not (settings.CLOUD_SIGN_IN_URL and is_asked):
        return False
    return is_new or OutsideAccount.objects.filter(user=request.user, way=keystone.WAY).exists()


def _asks(request: SignedIn) -> bool:
    return request.method == "POST" and asking.is_offered(request.user)


@require_http_methods(["GET", "POST"])
@never_cache
@confirmed_where(_asks)
@once_per_form
def make(request: SignedIn) -> HttpResponse:
    """Ask for the account, or for a new password. Only the answer to this request ever shows it."""
    if not asking.is_offered(request.user):
        raise Http404
    if request.method == "GET":  # the page with the password was reloaded
        return redirect("cloud-credential")
    try:
        _row, password = asking.ask(person=request.user, address=address_of(request))
    except asking.NotOffered as refusal:  # it was offered until a moment ago
        context = {"title": _("Not available any more"), "text": str(refusal)}
        return render(request, "409.html", context, status=409)
    return show(request, password)


@require_http_methods(["GET", "POST"])
@never_cache
def end(request: SignedIn) -> HttpResponse:
    """Ask for confirmation, then have the account deleted."""
    row = asking.own(request.user)
    if row is None and not asking.is_offered(request.user):
        raise Http404
    if request.method == "GET" and row is not None and row.ended_at is None:
        return render(request, "account/horizon_end.html", {"row": row})
    if request.method == "POST":
        asking.end(person=request.user, by=request.user)
    return redirect("cloud-credential")
