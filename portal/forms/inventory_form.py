"""The form of an import of given computers: the list, and how it comes."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nodes.inventory.inventory_csv import LONGEST_NAME
from nodes.inventory.inventory_import import ARRIVALS, Choices
from nodes.states import State
from portal.forms.donation_fields import OneLine

_ARRIVALS = {
    State.RECEIVED: _("They are here"),
    State.ACCEPTED: _("They are accepted, and on their way"),
    State.OFFERED: _("They are offered, and nothing is decided"),
}


class InventoryForm(forms.Form):
    """A list of computers: a file, or what is pasted."""

    file = forms.FileField(
        label=_("File"), required=False, allow_empty_file=True,
        help_text=_("CSV, as a spreadsheet saves it: a computer in each line. At most 1 MB and 5,000 lines."),
    )  # fmt: skip
    csv = forms.CharField(
        label=_("Or paste the lines here"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "mono"}),
    )
    state = forms.ChoiceField(
        label=_("Where they stand"), choices=[(state.value, _ARRIVALS[state]) for state in ARRIVALS],
        widget=forms.RadioSelect, initial=State.RECEIVED, error_messages={"invalid_choice": _("Choose one of these.")},
    )  # fmt: skip
    email = forms.EmailField(
        label=_("The donor's e-mail address"), required=False,
        help_text=_("Of the lines that name none."),
    )  # fmt: skip
    name = OneLine(label=_("The donor's name"), max_length=LONGEST_NAME, required=False)
    take_all = forms.BooleanField(
        label=_("Also take what is below the minimum"), required=False,
        help_text=_("Otherwise it is written down as not accepted."),
    )  # fmt: skip
    tell = forms.BooleanField(label=_("Send each donor a mail"), required=False)

    @property
    def choices(self) -> Choices:
        """Return how the list of a valid form comes."""
        facts: dict[str, Any] = {
            name: self.cleaned_data[name] for name in ("state", "email", "name", "take_all", "tell")
        }
        return Choices(**facts)
