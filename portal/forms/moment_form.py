"""The form that keeps a moment: its name."""

from django import forms
from django.utils.translation import gettext_lazy as _


class MomentForm(forms.Form):
    name = forms.CharField(
        label=_("A name for this moment"),
        strip=False,
        required=False,
        help_text=_("For example: before the update."),
        widget=forms.TextInput(attrs={"maxlength": 60, "required": True, "autocomplete": "off"}),
    )
