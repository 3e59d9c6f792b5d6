"""The form of the report of a term: between which days, and how it is divided."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from nodes.term_report import By, Span, last_six_months

_DAY: dict[str, Any] = {"error_messages": {"invalid": _("Choose a day."), "required": _("Choose a day.")}}


class ReportForm(forms.Form):
    """The choice of days and division. Where one is not sent, the last six months and the division by kind are chosen."""

    since = forms.DateField(label=pgettext_lazy("days", "From"), widget=forms.DateInput(attrs={"type": "date"}), **_DAY)
    until = forms.DateField(label=pgettext_lazy("days", "To"), widget=forms.DateInput(attrs={"type": "date"}), **_DAY)
    by = forms.ChoiceField(
        label=_("Grouped by"),
        choices=[(By.KIND, _("People and organisations")), (By.ORGANISATION, _("Each organisation"))],
        error_messages={"invalid_choice": _("Choose one of these."), "required": _("Choose one of these.")},
    )

    use_required_attribute = False

    def __init__(self, sent: Any) -> None:
        span = last_six_months(timezone.localdate())
        chosen = {"since": span.since.isoformat(), "until": span.until.isoformat(), "by": By.KIND.value}
        super().__init__({name: sent.get(name, value) for name, value in chosen.items()})

    def clean_since(self) -> date:
        return _of_this_century(self.cleaned_data["since"])

    def clean_until(self) -> date:
        return _of_this_century(self.cleaned_data["until"])

    def clean(self) -> None:
        """Refuse days in the wrong order, at the second."""
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", gettext("This day is before the first. Choose the same day or a later one."))

    @property
    def span(self) -> Span:
        """Return the days of a form that is valid."""
        return Span(self.cleaned_data["since"], self.cleaned_data["until"])

    @property
    def query(self) -> str:
        """Return the choice as the query of an address."""
        return urlencode({name: self.data[name] for name in self.fields})

    @property
    def division(self) -> By:
        """Return how it is divided, of a form that is valid."""
        return By(self.cleaned_data["by"])


def _of_this_century(day: date) -> date:
    if not 2000 <= day.year < 2100:
        raise forms.ValidationError(gettext("Choose a day of this century."))
    return day
