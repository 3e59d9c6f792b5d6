"""The question whether a machine is still used, below its terminal. It asks for itself, so that it comes without a reload."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from portal.presenters import question_banner
from portal.signed_in import SignedIn
from portal.views.machine_page import find


@require_GET
@never_cache
def part(request: SignedIn, pk: UUID) -> HttpResponse:
    """Answer the place of the question; 204 while it would look the same."""
    asked = question_banner.below_terminal(request, find(request, pk, "dial"), is_open=True)
    seen = request.GET.get("seen", "")
    if asked.version == seen:
        return HttpResponse(status=204)
    return render(request, "machines/terminal/_question.html", {"asked": asked, "is_news": seen == "none"})
