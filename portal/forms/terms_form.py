"""The terms of use, as an administrator writes them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.terms.versions import LONGEST
from portal.forms.digits_field import DigitsField

_RELOAD = _("Something of this form was lost. Reload the page, then publish.")
_TEXT: dict[str, Any] = {
    "required": False,
    "max_length": LONGEST,
    "widget": forms.Textarea(attrs={"rows": 12}),
}


class TermsForm(forms.Form):
    """The text in both languages, and the number of the newest version that their writer has seen."""

    text_en = forms.CharField(label=_("In English"), **_TEXT)
    text_es = forms.CharField(label=_("In Spanish"), help_text=_("Leave both empty to ask nothing."), **_TEXT)
    seen = DigitsField(
        min_value=0,
        max_value=2**31 - 2,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), _RELOAD),
    )
