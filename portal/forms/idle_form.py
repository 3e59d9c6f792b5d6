"""The part of a template's page that says when machines nobody uses are asked about, sleep, and so on."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.models import Template
from courses.policy import LIMITS, IdlePolicy, policy_of

LABELS = {
    "idle_minutes": _("Minutes without use until its owner is asked"),
    "ask_minutes": _("Minutes to answer"),
    "first_minutes": _("Minutes without a first visit until its owner is asked"),
    "first_ask_minutes": _("Minutes to answer then"),
    "cpu_percent": _("Percent of its processors above which it is at work"),
    "hold_hours": _("Hours of the longest single job"),
    "hold_hours_a_week": _("Hours of long jobs in a week"),
    "shelve_hours": _("Hours asleep until it is put away"),
    "archive_days": _("Days without use until it is archived"),
    "delete_days": _("Days in the archive until it is deleted"),
    "bin_days": _("Days in the recycle bin"),
}


class IdleForm(forms.Form):
    """An empty field changes nothing: its course's rule counts, or the site's, which its hint tells."""

    may_hold = forms.TypedChoiceField(
        label=_("Students may announce a long job"),
        required=False,
        choices=[("", _("As usual")), ("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda word: word == "yes",
        empty_value=None,
    )

    def __init__(self, data: Any, template: Template) -> None:
        super().__init__(data, prefix="idle", initial=_typed(template.idle))
        self.kept = {name: value for name, value in template.idle.items() if name not in self.fields | LABELS}
        usual = policy_of(Template(course=template.course))
        self.fields |= {name: _field(name, usual) for name in LABELS}
        self.order_fields(["idle_minutes", "ask_minutes", "first_minutes", "first_ask_minutes", "cpu_percent"])

    def rules(self) -> dict[str, Any]:
        """Return the rules as courses.actions takes them; rules that have no field here stay."""
        typed = {name: value for name, value in self.cleaned_data.items() if value is not None}
        return self.kept | {name: _whole(value) for name, value in typed.items()}

    @property
    def is_changed(self) -> bool:
        """Return whether the template has rules of its own, or what was typed is wrong: then the part is shown unfolded."""
        return bool(self.initial or self.errors)


def _typed(rules: dict[str, Any]) -> dict[str, Any]:
    return {name: ("yes" if value else "no") if name == "may_hold" else value for name, value in rules.items()}


def _whole(value: float | bool) -> float | bool:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _field(name: str, usual: IdlePolicy) -> forms.FloatField:
    low, high = LIMITS[name]
    return forms.FloatField(
        label=LABELS[name],
        required=False,
        min_value=low,
        max_value=high,
        help_text=_("Usual value: %(usual)g.") % {"usual": getattr(usual, name)},
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any", "min": low, "max": high}),
    )
