"""The form of an announcement."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.announcements.writing import COLUMNS, LONGEST
from accounts.models import Announcement
from portal.forms.minute_field import MinuteField

_TEXT: dict[str, Any] = {
    "required": False,
    "max_length": LONGEST,
    "widget": forms.Textarea(attrs={"rows": 4}),
}
TIMES = ("starts_at", "ends_at")


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
    starts_at = MinuteField(label=_("From"), required=False, help_text=_("Leave it empty to start now."))
    ends_at = MinuteField(label=_("Until"), required_words=_("Say until when."))
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
