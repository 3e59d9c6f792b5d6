"""The forms of a node's page: which computer it is, and that it was maintained."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.forms.desk_forms import NumberField
from portal.forms.donation_fields import Lines


class TieForm(forms.Form):
    """The computer that a node is, and since when."""

    computer = NumberField(label=_("Number of the computer"), help_text=_("As on its label: MNG-00127-4."))
    since = forms.DateField(
        label=_("Since"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Its hours and machines count for the computer from this day on."),
    )  # fmt: skip

    use_required_attribute = False

    def facts(self, first_seen_at: datetime, now: datetime) -> dict[str, Any]:
        """Return the arguments of a tie. The first day begins when the node was first seen, today no later than now."""
        day = datetime.combine(self.cleaned_data["since"], time(), timezone.get_current_timezone())
        same_day = timezone.localdate(first_seen_at) == self.cleaned_data["since"]
        since = max(day, first_seen_at) if same_day else day
        return {"computer": self.cleaned_data["computer"], "since": since, "now": now}


class MaintainedForm(forms.Form):
    """The maintenance that was done, in words."""

    note = Lines(label=_("What was done"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))
