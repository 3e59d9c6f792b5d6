"""The donor's home: what the project is, and how to offer a computer."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.signed_in import SignedIn


@require_GET
def donating(request: SignedIn) -> HttpResponse:
    return render(request, "donating/home.html", {"address": settings.DONATIONS_EMAIL})
