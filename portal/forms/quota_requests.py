"""The forms of requests for more: what is asked, and what is decided."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.models import Template, TemplateQuerySet
from portal.deciders import Purpose
from quotas.models import QuotaRequest
from quotas.requests_for_more import AUTHOR_DAYS, LAST_MINUTE, LONGEST

TEXT = {"rows": 3, "maxlength": 500}


class LinesField(forms.CharField):
    """Several lines of text. A browser counts the end of a line as one character and sends two."""

    widget = forms.Textarea(attrs=TEXT)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class AskForm(forms.Form):
    """Ask for more: a template, and a reason."""

    template = forms.ModelChoiceField(
        Template.objects.none(),
        to_field_name="slug",
        label=_("Template"),
        empty_label=None,
        error_messages={"invalid_choice": _("Choose a template from the list.")},
    )
    purpose = forms.ChoiceField(label=_("What you ask for"), choices=Purpose.choices, initial=Purpose.MACHINE)
    reason = LinesField(
        label=_("What you need it for"),
        max_length=500,
        help_text=_("Who decides reads this: the course, the task, until when."),
    )

    def __init__(self, *args: Any, templates: TemplateQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = templates  # type: ignore[attr-defined]


class DecisionForm(forms.Form):
    """Decide a request: until when, and a note that the person reads."""

    ends_at = forms.DateField(
        label=_("Until"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    note = LinesField(
        label=_("Note"),
        max_length=500,
        required=False,
        help_text=_("The person reads it. If you refuse, say why."),
    )

    def __init__(self, *args: Any, is_author: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        longest = timedelta(days=AUTHOR_DAYS) if is_author else LONGEST
        today = timezone.localdate()
        self.fields["ends_at"].widget.attrs |= {"min": today.isoformat(), "max": (today + longest).isoformat()}
        if is_author:  # theirs must have an end
            self.initial.setdefault("ends_at", today + longest)
        until = (
            _("The last day. At most %(days)s days from now.")
            if is_author
            else _("The last day. Leave it empty for no end date.")
        )
        self.fields["ends_at"].help_text = str(until) % {"days": AUTHOR_DAYS}

    def clean_ends_at(self) -> datetime | None:
        """Return the last minute of that day, where its reader is: people read the day that was typed."""
        day = self.cleaned_data["ends_at"]
        if day is None:
            return None
        if day > timezone.localdate() + LONGEST:  # also what no time zone can hold
            raise forms.ValidationError(gettext("At most five years. Leave it empty for no end date."))
        return timezone.make_aware(datetime.combine(day, LAST_MINUTE))

    def clean(self) -> None:
        if self.data.get("state") not in (QuotaRequest.State.APPROVED, QuotaRequest.State.REFUSED):
            raise forms.ValidationError(gettext("Press one of the two buttons: Approve or Refuse."))
