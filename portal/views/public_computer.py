"""The page behind the QR code on a label: what kind of computer it is and how it is, for anybody. Whose, where and which model it never says.

Numbers follow one another, so whoever counts through them learns kinds and states, slowly (accounts.donors.donor_limits). Before a computer
is here its number reads as one that nobody has.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from nodes.computer_numbers import COMPUTERS
from nodes.models import Computer
from portal import access
from portal.presenters.public_state import PublicState, is_public
from portal.public_looks import look_at


@login_not_required
@require_safe
@never_cache
def public_computer(request: HttpRequest, typed: str) -> HttpResponse:
    """Show the state of the computer with this number."""
    title = _("This is not a computer's number")
    serial = look_at(request, typed, COMPUTERS, route="public-computer", page=_page, no_number=title)
    if isinstance(serial, HttpResponse):
        return serial
    number = COMPUTERS.written(serial)
    return _of(request, number, Computer.objects.filter(pk=serial).first())


def _of(request: HttpRequest, number: str, row: Computer | None) -> HttpResponse:
    facts: dict[str, Any] = {"desk": _desk(request, number, row)}
    if row is None or not is_public(row):
        facts |= {
            "title": _("No computer to show"),
            "sentence": _("There is no computer with this number here, or nothing is shown of it yet."),
        }
        return _page(request, number, facts, 404)
    return _page(request, number, {**facts, "shown": PublicState(row), "address": settings.DONATIONS_EMAIL}, 200)


def _desk(request: HttpRequest, number: str, row: Computer | None) -> str:
    """Return where staff open it: whoever is not signed in comes through the sign-in, and to the search, which tells strangers nothing."""
    if isinstance(request.user, User):
        return reverse("desk-computer", args=[row.pk]) if row and access.may(request.user, "see", row) else ""
    search = f"{reverse('desk')}?{urlencode({'q': number})}"
    return f"{reverse('account_login')}?{urlencode({'next': search})}"


def _page(request: HttpRequest, number: str, facts: dict[str, Any], status: int) -> HttpResponse:
    response = render(request, "donating/public_computer.html", {"number": number, **facts}, status=status)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
