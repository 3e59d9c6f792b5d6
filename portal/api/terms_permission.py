"""The permission that every call of the API needs, whatever it is about; and the one that opens offers to everybody."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_noop as _
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from accounts import second_steps
from accounts.models import User
from accounts.terms import versions
from nodes.models import Donation
from portal import access

HEADER = "Donor-Link"  # the signed text of the donor's page


class SignedInAndAccepted(IsAuthenticated):
    """The person has signed in, and has done in a browser what comes first. Raises TermsNotAccepted, SecondStepOwed."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if isinstance(request.user, User) and versions.owes(request.user):
            raise versions.TermsNotAccepted(
                _("Read and accept the terms of use first, in a browser: %(url)s"),
                {"url": f"{settings.PORTAL_URL}{reverse('terms')}"},
            )
        if isinstance(request.user, User) and second_steps.is_owed(request.user):
            raise second_steps.SecondStepOwed(
                _("Set up a second step first, in a browser: %(url)s"),
                {"url": f"{settings.PORTAL_URL}{reverse('mfa_index')}"},
            )
        return super().has_permission(request, view)


class SignedInOrByLink(SignedInAndAccepted):
    """A donor without an account shows the link from their mail; the view reads it, and finds nothing but what they gave."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated and HEADER in request.headers:
            return True
        return super().has_permission(request, view)


class SignedInOrOffers(SignedInAndAccepted):
    """Computers are offered without an account, too (portal.access); whatever else is asked at that address needs a sign-in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method == "POST" and not request.user.is_authenticated:
            return access.may(request.user, "offer", Donation)  # type: ignore[arg-type]  # nobody: the rule asks for no role
        return super().has_permission(request, view)
