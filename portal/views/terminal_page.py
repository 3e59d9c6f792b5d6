"""The terminal of a machine, in the browser. The live process carries what is typed and shown: see portal/live/terminals."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET

from lib.notes import Refusal
from machines.models import Machine
from portal import access
from portal.presenters import question_banner
from portal.presenters.machine_card import Shown
from portal.presenters.show_machines import show
from portal.presenters.terminal_place import place_of
from portal.signed_in import SignedIn
from portal.views.machine_page import announcement, find


@require_GET
@never_cache
@ensure_csrf_cookie  # two parts that ask at the same moment must not make a token each
def page(request: SignedIn, pk: UUID) -> HttpResponse:
    """Show the place of the terminal: the shell opens there by itself as soon as the machine runs."""
    shown = show(find(request, pk, "dial"), request.user)
    if place_of(shown).version == request.GET.get("seen"):
        return HttpResponse(status=204)
    return _page(request, shown)


def refused(request: SignedIn, row: Machine, refusal: Refusal) -> HttpResponse:
    """Answer the page to a button on it that was refused."""
    messages.error(request, str(refusal))
    access.require(request.user, "dial", row)
    return _page(request, show(Machine.objects.with_parts().get(pk=row.pk), request.user), refusal.status)


def _page(request: SignedIn, shown: Shown, status: int = 200) -> HttpResponse:
    place = place_of(shown)
    context = {
        "s": shown,
        "place": place,
        "asked": question_banner.below_terminal(request, shown.machine, is_open=place.is_shell),
        "live_url": settings.LIVE_URL,
        "live": bool(request.headers.get("HX-Request")),
        "announcement": announcement(request, shown),
    }
    return render(request, "machines/terminal/page.html", context, status=status)
