"""The page of minga-intake, the program that says what a computer is, and the program itself. Both are for anybody: a live USB signs in nowhere."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal import intake_program


@login_not_required
@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Say how a computer is measured, and how to check what was downloaded."""
    address = f"{settings.PORTAL_URL}{reverse('intake-program')}"
    context = {"fetch": f"wget {address}", "sha256": intake_program.sha256_of(settings.PORTAL_URL)}
    return render(request, "donating/intake.html", context)


@login_not_required
@require_safe
@never_cache
def program(_request: HttpRequest) -> HttpResponse:
    """Send the program."""
    headers = {"Content-Disposition": 'attachment; filename="minga-intake"', "X-Content-Type-Options": "nosniff"}
    content = intake_program.program(settings.PORTAL_URL)
    return HttpResponse(content, headers=headers, content_type="text/x-python; charset=utf-8")
