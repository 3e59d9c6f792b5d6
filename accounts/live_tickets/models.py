"""The row of a ticket for the live process."""

from django.conf import settings
from django.db import models


class LiveTicket(models.Model):
    """A ticket. Only a hash of its text is kept. `kind`, `key` and `proof` are of the session or token from which it was made."""

    digest = models.CharField(max_length=64, primary_key=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="live_tickets")
    kind = models.CharField(max_length=8)  # session or token
    key = models.CharField(max_length=200)
    proof = models.CharField(max_length=200)
    scope = models.TextField()  # the one purpose, in the words of whoever asks for it
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=["session", "token"]), name="live_ticket_kind_known")
        ]
