"""A row for each month of which a donor was told."""

from django.db import models
from django.utils import timezone


class DonorMonth(models.Model):
    """A month of which a donor was told. Written with the mail's row in the outbox, kept for good: a mail is deleted there one day."""

    donor = models.ForeignKey("accounts.Donor", on_delete=models.CASCADE, related_name="months")
    month = models.DateField()  # its first day, in the site's zone
    told_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["donor", "month"], name="donor_told_once_a_month")]

    def __str__(self) -> str:
        return f"donor {self.donor_id} in {self.month:%Y-%m}"
