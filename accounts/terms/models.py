"""Versions of the terms of use, and who accepted which."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language


class Terms(models.Model):
    """A version of the terms of use. The one with the highest number counts; one without a text asks nothing of anybody."""

    number = models.PositiveIntegerField(unique=True)  # 1, 2, …
    text_en = models.TextField(blank=True, default="")
    text_es = models.TextField(blank=True, default="")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(text_en="", text_es="") | ~(models.Q(text_en="") | models.Q(text_es="")),
                name="terms_in_both_languages",
            )
        ]

    def __str__(self) -> str:
        return f"terms {self.number}"

    @property
    def text(self) -> str:
        """Return the text in the reader's language."""
        return self.text_es if (get_language() or "").startswith("es") else self.text_en


class TermsAcceptance(models.Model):
    """A version that a person accepted, and when."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="terms_accepted")
    terms = models.ForeignKey(Terms, on_delete=models.PROTECT, related_name="acceptances")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "terms"], name="terms_accepted_once")]

    def __str__(self) -> str:
        return f"terms {self.terms_id} by {self.user_id}"
