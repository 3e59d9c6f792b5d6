"""A time to the minute, of the reader's clock."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

MINUTES = "%Y-%m-%dT%H:%M"


class MinuteField(forms.DateTimeField):
    """A time to the minute. A known time that comes back as the form showed it is kept with its seconds, and of two alike in autumn the one it was."""

    known: datetime | None = None

    def __init__(self, *, required_words: Any = "", **kwargs: Any) -> None:
        """required_words: what is said where it stays empty."""
        errors = {"invalid": _("Write a day and a time: 2027-03-01 18:30.")}
        if required_words:
            errors["required"] = required_words
        super().__init__(
            widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MINUTES),
            input_formats=[MINUTES, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M"],
            error_messages=errors, **kwargs,
        )  # fmt: skip

    def to_python(self, value: Any) -> datetime | None:
        if self.known and value == format(timezone.localtime(self.known), MINUTES):
            return self.known
        read: datetime | None = super().to_python(value)
        return read
