"""The form of an announcement."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.announcements.writing import COLUMNS, LONGEST
from accounts.models import Announcement

_TEXT: dict[str, Any] = {
    "required": False,
    "max_length": LONGEST,
    "widget": forms.Textarea(attrs={"rows": 4}),
}
TIMES = ("starts_at", "ends_at")
_MINUTES = "%Y-%m-%dT%H:%M"
_TIME: dict[str, Any] = {
    "widget": forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTES),
    "input_formats": [_MINUTES, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M"],
    "error_messages": {"invalid": _("Write a day and a time: 2027-03-01 18:30."), "required": _("Say until when.")},
}


class _Time(forms.DateTimeField):
    """A time to the minute. A known time that comes back as the form showed it is kept with its seconds, and of two alike in autumn the one it was."""

    known: datetime | None = None

    def to_python(self, value: Any) -> datetime | None:
        if self.known and value == format(timezone.localtime(self.known), _MINUTES):
            return self.known
        read: datetime | None = super().to_python(value)
        return read


class AnnouncementForm(forms.Form):
    """Texts, audience and times. Times are those of the reader's clock."""

    text_en = forms.CharField(label=_("In English"), **_TEXT)
    text_es = forms.CharField(
        label=_("In Spanish"), help_text=_("Without a text in their language people read the other one."), **_TEXT
    )
    audience = forms.ChoiceField(
        label=_("Who reads it"),
        choices=Announcement.Audience.choices,
        help_text=_("Teachers: by their role, or because they teach a course."),
        error_messages={"invalid_choice": _("Choose one of these."), "required": _("Choose one of these.")},
    )
    starts_at = _Time(label=_("From"), required=False, help_text=_("Leave it empty to start now."), **_TIME)
    ends_at = _Time(label=_("Until"), **_TIME)
    pauses_launches = forms.BooleanField(
        label=_("Maintenance: nobody launches meanwhile"),
        required=False,
        help_text=_(
            "Machines that exist are not touched, and wake as usual. Administrators may launch. Nobody can dismiss it."
        ),
    )

    def __init__(self, *args: Any, row: Announcement | None = None, **kwargs: Any) -> None:
        """row: the announcement that is changed."""
        super().__init__(*args, **kwargs)
        for name in TIMES if row else ():
            self.fields[name].known = getattr(row, name)  # type: ignore[attr-defined]

    @classmethod
    def of(cls, row: Announcement) -> "AnnouncementForm":
        """Return the form with what an announcement says now."""
        facts = {name: getattr(row, name) for name in COLUMNS}
        return cls(initial={**facts, **{name: timezone.localtime(facts[name]) for name in TIMES}})
