"""A limit for programs that write: one that runs wild must not fill the queue of everybody's machines."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import writes


class WritesOfAToken(BaseThrottle):
    """So many a minute for each token (API_WRITES_A_MINUTE); people in a browser have none."""

    def allow_request(self, request: Request, view: Any) -> bool:
        if request.method in SAFE_METHODS or not isinstance(request.auth, AuthToken):
            return True
        return writes.count(token=request.auth.digest, now=timezone.now()) <= settings.API_WRITES_A_MINUTE

    def wait(self) -> float:
        """Seconds until the next minute begins."""
        return 59.0 - timezone.now().second
