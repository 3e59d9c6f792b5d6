"""The browsers in which one is signed in, and how to end them."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.browsers import browser_sessions
from accounts.models import BrowserSession
from portal import access
from portal.presenters.user_agents import device
from portal.signed_in import SignedIn


@require_GET
@never_cache
def sessions(request: SignedIn) -> HttpResponse:
    """List the browsers in which one is signed in, this one first."""
    own = request.session.session_key
    rows = [(row, device(row.agent), row.session_key == own) for row in browser_sessions.living(request.user)]
    rows.sort(key=lambda shown: not shown[2])
    return render(request, "account/sessions.html", {"rows": rows, "has_others": any(not row[2] for row in rows)})


@require_POST
@never_cache
def end(request: SignedIn, pk: int) -> HttpResponse:
    """Sign one browser out."""
    browser_sessions.end(get_object_or_404(access.visible(request.user, BrowserSession), pk=pk))
    messages.success(request, _("That browser is signed out."))
    return redirect("sessions")


@require_POST
@never_cache
def end_others(request: SignedIn) -> HttpResponse:
    """Sign out everywhere but here."""
    with_tokens = bool(request.POST.get("tokens"))
    person = browser_sessions.end_all(request.user, with_tokens=with_tokens)
    update_session_auth_hash(request, person)
    messages.success(request, _("You are signed out everywhere else."))
    return redirect("sessions")
