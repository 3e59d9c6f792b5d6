"""Forms about accounts elsewhere."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.outside.sign_in import LONGEST_NAME, LONGEST_PASSWORD, ways
from portal.presenters.outside_ways import label_of


class LinkForm(forms.Form):
    """Say with which account elsewhere a person signs in."""

    way = forms.ChoiceField(label=_("Where"))
    name = forms.CharField(
        label=_("Their username there"), max_length=LONGEST_NAME, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        way: Any = self.fields["way"]
        way.choices = [(name, label_of(name)) for name in ways()]


class CredentialForm(forms.Form):
    """Prove once more who one is to the cloud."""

    password = forms.CharField(
        label=_("Your cloud password"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    project = forms.CharField(
        label=_("Project"),
        max_length=64,
        required=False,
        help_text=_("Only where you have several."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
