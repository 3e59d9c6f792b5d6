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
        """Return the arguments of a tie. None begins before the node was first seen, by a clock that may have been ahead."""
        day = datetime.combine(self.cleaned_data["since"], time(), timezone.get_current_timezone())
        since = max(day, min(first_seen_at, now))
        return {"computer": self.cleaned_data["computer"], "since": since, "now": now}


class MaintainedForm(forms.Form):
    """The maintenance that was done, in words."""

    note = Lines(label=_("What was done"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))
