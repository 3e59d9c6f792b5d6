"""Forms of the pages. They only read what was typed; what is allowed is decided by the actions."""

from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts import time_zones
from catalog.models import Flavor, Image
from courses.actions import MOST_SERVICES, SCHEMES
from courses.models import Template
from portal.templatetags.minga import memory

MOST_TYPED = 20_000  # characters; a longer text is refused before anybody looks at it
SPARE_ROWS = 3  # empty rows for services that a form offers


class PortForm(forms.Form):
    port = forms.IntegerField(
        label=_("Port inside the machine"),
        error_messages={"invalid": _("A port is a number from 1 to 65535.")},
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": 1, "max": 65535}),
    )
    scheme = forms.ChoiceField(
        label=_("It is"),
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


def _zones() -> list[Any]:
    site = format_lazy(_("As the site: {zone}"), zone=settings.TIME_ZONE)
    groups = ((_("Common time zones"), time_zones.COMMON), (_("All time zones"), time_zones.others()))
    return [("", site), *((title, [(name, name) for name in names]) for title, names in groups)]


class TimeZoneForm(forms.Form):
    time_zone = forms.ChoiceField(
        label=_("Times are given in"),
        choices=_zones,
        required=False,
        help_text=_("On pages and in mails."),
        error_messages={"invalid_choice": _("Choose a time zone from the list.")},
        widget=forms.Select(attrs={"data-suggest-zone": "#zone-suggested", "autocomplete": "off"}),
    )


class TemplateChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's own class takes no argument
    def label_from_instance(self, template: Template) -> str:
        return f"{template.title} ({memory(template.flavor.ram_mb)})"


class AdoptForm(forms.Form):
    person = forms.CharField(
        label=_("Username or e-mail address"),
        max_length=254,
        help_text=_("Whose it becomes. Type the whole of it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )
    template = TemplateChoice(
        Template.objects.filter(retired_at__isnull=True).with_parts(),
        label=_("Template"),
        empty_label=None,
        help_text=_("It says which services get a public port, the sign-in name, and to what a reset leads."),
    )
    name = forms.CharField(label=_("Name"), max_length=MOST_TYPED, required=False, strip=False)


class ImageForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's own class takes no argument
    class Meta:
        model = Image
        fields = ["name", "description", "login", "offered"]
        labels = {
            "name": _("Name for people"),
            "description": _("Description"),
            "login": _("Sign-in name of its SSH"),
            "offered": _("Teachers may use it"),
        }


class FlavorForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's own class takes no argument
    class Meta:
        model = Flavor
        fields = ["name", "offered"]
        labels = {"name": _("Name for people"), "offered": _("Teachers may use it")}


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's own class takes no argument
    class Meta:
        model = Template
        fields = [
            "name",
            "name_es",
            "summary",
            "summary_es",
            "icon",
            "image",
            "flavor",
            "login",
            "user_data",
            "position",
            "published",
        ]
        labels = {
            "name": _("Name"),
            "name_es": _("Name in Spanish"),
            "summary": _("What it is for"),
            "summary_es": _("What it is for, in Spanish"),
            "icon": _("Picture"),
            "image": _("System"),
            "flavor": _("Size"),
            "login": _("Sign-in name"),
            "user_data": _("First-boot script (user-data)"),
            "position": _("Place in the list"),
            "published": _("Students see it"),
        }
        help_texts = {
            "login": _("Empty: the one of the system."),
            "user_data": _("Empty, or a script that begins with #! and runs once, at the first start."),
            "position": _("Small numbers come first."),
        }
        widgets = {
            "summary": forms.Textarea(attrs={"rows": 2}),
            "summary_es": forms.Textarea(attrs={"rows": 2}),
            "user_data": forms.Textarea(attrs={"rows": 5, "class": "mono", "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["image"] = _choice(Image, self.fields["image"], self.instance.image_id)
        self.fields["flavor"] = _choice(Flavor, self.fields["flavor"], self.instance.flavor_id)


def _choice(model: type[Any], field: forms.Field, current: int | None) -> Any:
    """A choice of those that are offered and there, and of the one that the template has already."""
    there = Q(offered=True, missing=False) & (Q(ready=True) if model is Image else Q())
    rows = model._default_manager.filter(there | Q(pk=current))
    return forms.ModelChoiceField(rows, label=field.label, empty_label=None)


class ServiceForm(forms.Form):
    """One row. A row without a name and a port is left out."""

    name = forms.CharField(label=_("Service"), max_length=100, required=False)
    port = forms.IntegerField(
        label=_("Port"), required=False, error_messages={"invalid": _("A port is a number from 1 to 65535.")}
    )
    scheme = forms.ChoiceField(label=_("Kind"), choices=[(scheme, scheme) for scheme in SCHEMES], initial="tcp")


ServiceRows = forms.formset_factory(
    ServiceForm, extra=SPARE_ROWS, max_num=MOST_SERVICES, absolute_max=2 * MOST_SERVICES
)


def typed_services(rows: Any) -> list[dict[str, Any]]:
    """The rows that were filled in, as the actions take them. A port that is missing is 0, which they refuse."""
    typed = [row for row in rows.cleaned_data if row.get("name") or row.get("port")]
    return [{"name": row["name"], "port": row.get("port") or 0, "scheme": row["scheme"]} for row in typed]
