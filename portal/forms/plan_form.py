"""The form of a plan."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lib.measures import MEASURES, MOST_TYPED
from nodes.models import Computer, Plan
from nodes.subscriptions.days import MOST_DAYS
from nodes.subscriptions.models import MOST_BONUS_DAYS
from nodes.subscriptions.plan_actions import FIELDS
from portal.forms.donation_fields import OneLine, Whole
from quotas.actions import LABELS
from quotas.sentences import UNITS


class PlanForm(forms.Form):
    """A plan: which computers it is for, and what they bring."""

    title_en = OneLine(label=_("Name in English"), max_length=60)
    title_es = OneLine(label=_("Name in Spanish"), max_length=60)
    days = Whole(label=_("Days"), min_value=1, max_value=MOST_DAYS, help_text=_("A year is 365."))
    bonus_days = Whole(
        label=_("Bonus days for each 1000 hours in service"), min_value=0, max_value=MOST_BONUS_DAYS, required=False,
        help_text=_("0: none. 1000 hours are about six weeks."),
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=_("For which kind"), required=False, choices=lambda: [("", _("Any")), *Computer.Kind.choices]
    )
    min_bits = forms.TypedChoiceField(
        label=_("Processor"), required=False, coerce=int, empty_value=None,
        choices=[(0, _("Any")), (64, _("64-bit"))],
    )  # fmt: skip
    min_ram_mb = Whole(
        label=_("Least memory (MB)"), min_value=0, max_value=MOST_TYPED, required=False,
        help_text=_("0: any. A computer whose memory is not known has none."),
    )  # fmt: skip
    enabled = forms.BooleanField(label=_("It can be promised"), required=False, initial=True)

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amounts = {measure: _amount(measure) for measure in MEASURES}
        enabled = self.fields.pop("enabled")
        self.fields = {**self.fields, **amounts, "enabled": enabled}

    @property
    def facts(self) -> dict[str, Any]:
        """Return the columns of a valid form."""
        numbers = ("bonus_days", "min_ram_mb", "min_bits", *MEASURES)
        return {name: (self.cleaned_data[name] or 0) if name in numbers else self.cleaned_data[name] for name in FIELDS}


def _amount(measure: str) -> Whole:
    unit = UNITS[measure]
    label = f"{LABELS[measure]} ({unit})" if unit else str(LABELS[measure])
    return Whole(label=label, min_value=0, max_value=MOST_TYPED, required=False)


def values_of(plan: Plan) -> dict[str, Any]:
    """Return what the form of a plan begins with."""
    return {name: getattr(plan, name) for name in FIELDS}
