"""Facts about a session that Django does not keep."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class BrowserSession(models.Model):
    """A session in which somebody is signed in. It counts as long as Django has the session of this key."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="browser_sessions")
    session_key = models.CharField(max_length=40, unique=True)
    address = models.GenericIPAddressField(null=True)  # the last one; None: unknown
    agent = models.CharField(max_length=200, blank=True, default="")  # as the browser calls itself
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-seen_at", "-pk"]
        indexes = [models.Index(fields=["seen_at"], name="browser_session_by_time")]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.address}"
