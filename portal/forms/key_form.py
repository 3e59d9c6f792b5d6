"""The form that takes an SSH key."""

from django import forms
from django.utils.translation import gettext_lazy as _

MOST_TYPED = 20_000  # characters; a longer text is refused before anybody looks at it


class KeyForm(forms.Form):
    public_key = forms.CharField(
        label=_("Public key"),
        max_length=MOST_TYPED,
        help_text=_("One line that begins with ssh-ed25519 or ssh-rsa. It is in the file that ends in .pub."),
        widget=forms.Textarea(
            attrs={"class": "mono", "rows": 4, "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
        ),
    )
    name = forms.CharField(label=_("Name (you may leave it empty)"), max_length=MOST_TYPED, required=False, strip=False)
