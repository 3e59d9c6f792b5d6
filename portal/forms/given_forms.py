"""Forms of donors' own pages: what they say of the list, and the address to which a new link is mailed."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.person_names import clean_email
from lib.notes import Refusal
from portal.forms.donation_fields import Lines


class ConfirmForm(forms.Form):
    """A donor's answer about the list of what was received. A note belongs to No."""

    answer = forms.ChoiceField(choices=[("yes", ""), ("no", "")], widget=forms.HiddenInput)
    note = Lines(label=_("What is missing, or too much?"), max_length=500, required=False)

    status = 400  # of the answer to one that has a fault

    @property
    def is_right(self) -> bool:
        return bool(self.cleaned_data["answer"] == "yes")

    def refuse(self, refusal: Refusal) -> None:
        """Take a refusal of the action over, at the note: the list itself has no field."""
        self.status = refusal.status
        self.add_error("note", str(refusal))


class LinkForm(forms.Form):
    """The address at which somebody was a donor."""

    email = forms.CharField(
        label=_("Your e-mail address"),
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "email", "autocapitalize": "off", "spellcheck": "false"}),
    )

    def clean_email(self) -> str:
        try:
            return clean_email(self.cleaned_data["email"])
        except Refusal as refusal:
            raise forms.ValidationError(str(refusal)) from None
