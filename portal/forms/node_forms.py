"""The forms of a node's page: which computer it is, and that it was maintained."""

from datetime import datetime, time, timedelta
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


class EmptyForm(forms.Form):
    """The reason for which a node is maintained, and how long owners may choose when their machines are moved."""

    why = Lines(
        label=_("What for"), max_length=200, help_text=_("For administrators, here and in the cloud: “new memory”."),
    )  # fmt: skip
    within = forms.TypedChoiceField(
        label=_("Move its machines"), coerce=int, initial=24,
        choices=[(0, _("now")), (1, _("in an hour")), (4, _("in four hours")), (24, _("in a day")), (72, _("in three days"))],
        help_text=_("Until then owners, who get a mail, choose when. Each machine that runs is restarted, and none is lost."),
    )  # fmt: skip

    use_required_attribute = False

    def facts(self) -> dict[str, Any]:
        return {"why": self.cleaned_data["why"], "within": timedelta(hours=self.cleaned_data["within"])}


class DeadForm(forms.Form):
    """The statement that a node is dead, in the words of the administrator who has switched it off."""

    why = Lines(label=_("What happened to it"), max_length=200)
    is_off = forms.BooleanField(
        label=_("I have unplugged it: nothing of it runs, nor will it start by itself."),
        error_messages={"required": _("Unplug it first. A machine that still runs there would run twice.")},
    )

    use_required_attribute = False

    def facts(self) -> dict[str, Any]:
        return {"why": self.cleaned_data["why"]}


class MaintainedForm(forms.Form):
    """The maintenance that was done, in words."""

    note = Lines(label=_("What was done"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))
