"""The permission that every call of the API needs, whatever it is about."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_noop as _
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from accounts import second_steps
from accounts.models import User
from accounts.terms import versions


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
