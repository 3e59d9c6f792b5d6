"""Forms about a machine: its name, a port, and to whom a server that exists already is given."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.models import Template
from lib.measures import memory
from portal.forms.digits_field import DigitsField
from portal.forms.key_form import MOST_TYPED


class PortForm(forms.Form):
    port = DigitsField(
        label=_("Port inside the machine"),
        error_messages={"invalid": _("A port is a number from 1 to 65535.")},
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": 1, "max": 65535}),
    )
    scheme = forms.ChoiceField(
        label=_("Type"),
        choices=[
            ("http", _("A web page (http)")),
            ("https", _("A web page (https)")),
            ("tcp", _("Something else (tcp)")),
        ],
    )


class NameForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        strip=False,
        required=False,
        widget=forms.TextInput(attrs={"maxlength": 60, "required": True, "autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, initial: dict[str, str] | None = None) -> None:
        super().__init__(data, initial=initial, auto_id="new-%s")  # the page has other forms


class TemplateChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's own class takes no argument
    def label_from_instance(self, template: Template) -> str:
        return f"{template.title} ({memory(template.flavor.ram_mb)})"


class AdoptForm(forms.Form):
    person = forms.CharField(
        label=_("Username or e-mail address"),
        max_length=254,
        help_text=_("The new owner. Type the name or address in full."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )
    template = TemplateChoice(
        Template.objects.filter(retired_at__isnull=True).with_parts(),
        label=_("Template"),
        empty_label=None,
        help_text=_("It says which services get a public port, the sign-in name, and what a reset goes back to."),
    )
    name = forms.CharField(label=_("Name"), max_length=MOST_TYPED, required=False, strip=False)
