"""Limits for programs: one that runs wild must neither fill the queue of everybody's machines nor keep the site from others."""

import logging
from typing import Any

from django.conf import settings
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import writes
from lib import seldom
from lib.minute_counts import MinuteCounts

log = logging.getLogger(__name__)


class _Limit(BaseThrottle):
    """A number of requests a minute for each token. The writes of people in a browser are counted in portal.middleware.page_writes."""

    kind = ""

    def allow_request(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, AuthToken) or not self.concerns(request) or self.has_room(request.auth.digest):
            return True
        text = "%s of a token beyond the limit of a minute are turned away with 429"
        seldom.warning(log, f"throttled-{self.kind}", text, self.kind, memory=seldom.OWN)
        return False

    def concerns(self, request: Request) -> bool:
        raise NotImplementedError

    def has_room(self, token: str) -> bool:
        raise NotImplementedError

    def wait(self) -> float:
        """Return the seconds until the next minute begins."""
        return 59.0 - timezone.now().second


class WritesOfAToken(_Limit):
    """API_WRITES_A_MINUTE, counted in the database: exactly, over all web processes."""

    kind = "writes"

    def concerns(self, request: Request) -> bool:
        return request.method not in SAFE_METHODS

    def has_room(self, token: str) -> bool:
        return writes.count(token=token, now=timezone.now()) <= settings.API_WRITES_A_MINUTE


class ReadsOfAToken(_Limit):
    """API_READS_A_MINUTE, counted by each web process for itself: a read should not cost a write."""

    kind = "reads"

    def concerns(self, request: Request) -> bool:
        return request.method in SAFE_METHODS

    def has_room(self, token: str) -> bool:
        return READS.count(token, timezone.now()) <= settings.API_READS_A_MINUTE


READS = MinuteCounts()
