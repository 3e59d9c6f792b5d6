"""Forms of subscriptions: how much is given away, the code that somebody types, and days that administrators add or correct."""

from fractions import Fraction
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nodes.subscriptions import giving
from nodes.subscriptions.days import MOST_DAYS
from portal.forms.donation_fields import OneLine, Whole


class ShareForm(forms.Form):
    """The share of what is left that is given away."""

    share = forms.ChoiceField(
        label=_("How much"),
        choices=[("half", _("Half of it")), ("all", _("All of it")), ("days", _("Some days"))],
        widget=forms.RadioSelect,
        initial="half",
        error_messages={"required": _("Choose how much."), "invalid_choice": _("Choose how much.")},
    )
    days = Whole(label=_("Days, if you choose “Some days”"), required=False)

    use_required_attribute = False

    def __init__(self, data: Any = None, *, left: int, **more: Any) -> None:
        super().__init__(data, **more)
        self.left = left
        self.fields["days"].help_text = gettext("From 1 to %(left)s.") % {"left": left}

    def clean(self) -> dict[str, Any]:
        facts = dict(self.cleaned_data)
        share = facts.get("share")
        if share == "days" and "days" in facts:
            if not 1 <= (facts["days"] or 0) <= self.left:
                text = gettext("Give a number of days from 1 to %(left)s.") % {"left": self.left}
                self.add_error("days", text)
        elif share in ("half", "all"):
            facts["days"] = giving.days_of(Fraction(1, 2) if share == "half" else Fraction(1), self.left)
        return facts


class CodeForm(forms.Form):
    """A code, as somebody typed it."""

    code = OneLine(
        label=_("Code"),
        max_length=100,
        widget=forms.TextInput(
            {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "mono"}
        ),
        help_text=_("Twelve letters, such as BCDF-GHJK-LMNP. Dashes and small letters do not matter."),
    )

    use_required_attribute = False


class RenewForm(forms.Form):
    """Days that administrators add."""

    days = Whole(label=_("Days to add"), min_value=1, max_value=MOST_DAYS)
    note = OneLine(label=_("Note, for staff"), max_length=200, required=False)

    use_required_attribute = False


class CorrectForm(forms.Form):
    """Days that administrators add or take, with the reason."""

    days = Whole(
        label=_("Days, with a minus to take some"), min_value=-MOST_DAYS, max_value=MOST_DAYS,
        help_text=_("At most what is left can be taken."),
    )  # fmt: skip
    note = OneLine(label=_("Why, for staff"), max_length=200)

    use_required_attribute = False
