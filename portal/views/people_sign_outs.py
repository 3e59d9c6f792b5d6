"""Sign other people out, for administrators: in one browser, or in all."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.browsers import person_sessions
from accounts.models import BrowserSession, User
from portal import access
from portal.access import only
from portal.once import once_per_form
from portal.signed_in import SignedIn


@only("change", User)
@require_POST
@never_cache
@once_per_form
def sign_out(request: SignedIn, pk: int, session: int) -> HttpResponse:
    """Sign a person out in one browser."""
    row = get_object_or_404(BrowserSession, user=_found(request, pk), pk=session)
    person_sessions.end(row=row, by=request.user)
    messages.success(request, _("That browser is signed out."))
    return redirect("person", pk)


@only("change", User)
@require_POST
@never_cache
@once_per_form
def sign_out_everywhere(request: SignedIn, pk: int) -> HttpResponse:
    """Sign a person out in all browsers; with `tokens` in their programs, too."""
    with_tokens = bool(request.POST.get("tokens"))
    person_sessions.end_all(person=_found(request, pk), by=request.user, with_tokens=with_tokens)
    messages.success(request, _("They are signed out everywhere."))
    return redirect("person", pk)


def _found(request: SignedIn, pk: int) -> User:
    found: User = get_object_or_404(access.visible(request.user, User), pk=pk)
    return found
