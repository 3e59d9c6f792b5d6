"""The form that starts a run: the typed number before a delete, the hours for which machines are kept awake."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

HOURS = (4, 12, 24, 72, 168)
_DAY = 24


class BulkForm(forms.Form):
    """Has a field only where the verb asks for one."""

    hours = forms.TypedChoiceField(
        label=_("For how long"),
        coerce=int,
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Choose one of these.")),
    )
    number = forms.CharField(
        label=_("How many are deleted?"),
        max_length=10,
        required=False,
        help_text=_("Type the number that the button shows."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, count: int, is_final: bool, keeps_awake: bool) -> None:
        super().__init__(data)
        self._count = count
        hours: Any = self.fields["hours"]
        hours.choices = [(each, _span(each)) for each in HOURS]
        for name, is_asked in (("number", is_final), ("hours", keeps_awake)):
            if not is_asked:
                del self.fields[name]

    def clean_number(self) -> str:
        typed: str = self.cleaned_data["number"].strip()
        if typed != str(self._count):
            raise forms.ValidationError(gettext("Type %(count)s to delete them.") % {"count": self._count})
        return typed

    @property
    def until(self) -> datetime | None:
        """Return until when machines are kept awake; None where the verb does not ask."""
        hours = self.cleaned_data.get("hours")
        return timezone.now() + timedelta(hours=hours) if hours else None


def _span(hours: int) -> Any:
    if hours % _DAY:
        return _("%(count)s h") % {"count": hours}
    return ngettext_lazy("%(count)s day", "%(count)s days", hours // _DAY) % {"count": hours // _DAY}
