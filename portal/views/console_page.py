"""The console of a machine. The live process reads it: see portal/live/consoles."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from portal import access
from portal.presenters.console_place import ConsolePlace
from portal.presenters.show_machines import show
from portal.presenters.taught_machines import address_for
from portal.signed_in import SignedIn
from portal.views import in_care


@require_GET
@never_cache
def page(request: SignedIn, pk: UUID) -> HttpResponse:
    """Show the page; its script asks the live process for the log."""
    row = in_care.find(request, pk, "console")
    shown = show(row, request.user)
    back = address_for(request.user, row, is_admin=access.administers(request.user))
    context = {"s": shown, "console": ConsolePlace(shown), "back": back, "live_url": settings.LIVE_URL}
    return render(request, "machines/console.html", context)
