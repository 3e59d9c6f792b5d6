"""The terminal of a machine, in the browser. The live process carries what is typed and shown: see portal/live/terminals."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from portal.presenters import question_banner
from portal.presenters.show_machines import show
from portal.presenters.terminal_place import place_of
from portal.signed_in import SignedIn
from portal.views.machine_page import announcement, find


@require_GET
@never_cache
def page(request: SignedIn, pk: UUID) -> HttpResponse:
    """Show the place of the terminal: the shell opens there by itself as soon as the machine runs."""
    shown = show(find(request, pk, "dial"), request.user)
    place = place_of(shown)
    if place.version == request.GET.get("seen"):
        return HttpResponse(status=204)
    is_part = bool(request.headers.get("HX-Request"))
    context = {"s": shown, "place": place, "live_url": settings.LIVE_URL, "live": is_part}
    context["announcement"] = announcement(request, shown)
    context["asked"] = question_banner.below_terminal(request, shown.machine)
    return render(request, "machines/terminal/page.html", context)
