"""The forms of the desk about what is measured: the text that the program shows, and what of it is taken over."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nodes.intake.measurements import FIELDS
from nodes.intake.typed_report import LONGEST


class TypedReportForm(forms.Form):
    """The lines that minga-intake shows without a network."""

    text = forms.CharField(
        label=_("The lines of the program"), max_length=LONGEST,
        help_text=_("Each as it stands there, with its number in front and the two characters behind #. Blanks and capital letters do not matter."),
        error_messages={"required": _("Type the lines that the program shows.")},
        widget=forms.Textarea(
            attrs={"rows": 10, "class": "mono", "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        ),
    )  # fmt: skip


class TakeOverForm(forms.Form):
    """A choice among the measured facts: those to be taken over."""

    fields_taken = forms.MultipleChoiceField(
        choices=[(name, name) for name in FIELDS],
        error_messages={"required": _("Tick what is to be taken over."), "invalid_choice": _("Tick what is to be taken over.")},
    )  # fmt: skip

    @property
    def why_not(self) -> Any:
        return self.errors["fields_taken"][0]
