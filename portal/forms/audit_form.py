"""The filters of the audit log."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from portal.presenters.audit_rows import Filters
from portal.presenters.audit_words import VERBS

_EMPTY: dict[str, Any] = {"required": False, "max_length": 150}


class AuditForm(forms.Form):
    """The filters: all may stay empty."""

    q = forms.CharField(
        label=_("Search"), widget=forms.TextInput(attrs={"aria-describedby": "q-hint", "type": "search"}), **_EMPTY
    )
    who = forms.CharField(
        label=_("Who did it"), help_text=_("A username, or “manage.py” for what a command did."), **_EMPTY
    )
    whom = forms.CharField(label=_("Belongs to"), help_text=_("A username."), **_EMPTY)
    verb = forms.ChoiceField(
        label=pgettext_lazy("audit", "What"),
        required=False,
        error_messages={"invalid_choice": _("Choose one of these.")},
    )
    since = forms.DateField(
        label=_("Since"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": _("Choose a day.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        verbs = sorted(((verb, str(label)) for verb, label in VERBS.items()), key=lambda each: each[1])
        self.fields["verb"].choices = [("", _("Everything")), *verbs]  # type: ignore[attr-defined]

    def clean_since(self) -> datetime | None:
        """Return the beginning of that day, where its reader is."""
        day = self.cleaned_data["since"]
        if day is None:
            return None
        if not 2000 <= day.year <= 9000:  # what no time zone can hold
            raise forms.ValidationError(gettext("Choose a day of this century."))
        return timezone.make_aware(datetime.combine(day, time()))

    @property
    def filters(self) -> Filters:
        """Return the filters of a form that is valid."""
        facts = self.cleaned_data
        verbs = (facts["verb"],) if facts["verb"] else ()
        return Filters(facts["q"], facts["who"], facts["whom"], verbs, facts["since"])
