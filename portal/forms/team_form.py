"""The form with which an organisation invites somebody to its team."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.person_names import clean_email
from lib.notes import Refusal


class InviteForm(forms.Form):
    """An address to which an invitation goes."""

    email = forms.CharField(
        label=_("E-mail address"), max_length=254, error_messages={"required": _("Type an address.")},
        widget=forms.EmailInput({"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )  # fmt: skip

    use_required_attribute = False
    status = 400

    def clean_email(self) -> str:
        try:
            return clean_email(self.cleaned_data["email"])
        except Refusal as refusal:
            raise forms.ValidationError(str(refusal)) from None

    def refuse(self, refusal: Refusal) -> None:
        self.status = refusal.status
        self.add_error("email", str(refusal))
