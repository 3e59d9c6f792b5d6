"""Forms of people's own accounts: making one, and its address."""

from django import forms
from django.utils.translation import gettext_lazy as _

_ADDRESS = forms.EmailInput({"autocomplete": "email", "autocapitalize": "off", "spellcheck": "false"})


class SignUpForm(forms.Form):
    """Make an account. What is checked of an address stands in accounts.sign_up."""

    email = forms.CharField(label=_("Your university e-mail address"), max_length=254, widget=_ADDRESS)
    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        help_text=_("The name that others see."),
        widget=forms.TextInput({"autocomplete": "name"}),
    )


class AddressForm(forms.Form):
    """A new address for one's account."""

    email = forms.CharField(label=_("New address"), max_length=254, widget=_ADDRESS)
