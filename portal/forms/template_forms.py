"""The form of a lab template, and the rows of its services."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.models import Flavor, Image
from courses import actions
from courses.models import Template
from lib.names import check_login, clean_name
from lib.notes import Refusal
from lib.schemes import SCHEMES
from portal.forms.digits_field import DigitsField
from portal.presenters.template_fields import FIELD_LABELS
from portal.templatetags.minga import size

SPARE_ROWS = 3  # empty rows for services that a form offers


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
        labels = FIELD_LABELS
        help_texts = {
            "login": _("Leave it empty to use the one of the system."),
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

    def clean_name(self) -> str:
        return _checked(partial(clean_name, longest=60), self.cleaned_data["name"])

    def clean_name_es(self) -> str:
        return self._spanish("name_es")

    def clean_summary(self) -> str:
        return _checked(partial(clean_name, longest=240), self.cleaned_data["summary"])

    def clean_summary_es(self) -> str:
        return self._spanish("summary_es")

    def _spanish(self, name: str) -> str:
        check = partial(actions.clean_line, longest=actions.LINES[name], is_needed=False)
        return _checked(check, self.cleaned_data[name])

    def clean_login(self) -> str:
        return _checked(_as_it_is(check_login), self.cleaned_data["login"])

    def clean_user_data(self) -> str:
        return _checked(_as_it_is(actions.check_script), self.cleaned_data["user_data"])


def _checked(check: Callable[[str], str], value: str) -> str:
    """Return what a check of the actions makes of a value; its refusal stands at the field, beside those of all other fields."""
    try:
        return check(value)
    except Refusal as refusal:
        raise forms.ValidationError(str(refusal)) from None


def _as_it_is(check: Callable[[str], None]) -> Callable[[str], str]:
    """Make a check return what it has checked."""

    def checked(value: str) -> str:
        check(value)
        return value

    return checked


def _choice(model: type[Any], field: forms.Field, current: int | None) -> Any:
    """Make a choice of those that are offered and there, and of the one that the template has already."""
    there = Q(offered=True, missing=False) & (Q(ready=True) if model is Image else Q())
    rows = model._default_manager.filter(there | Q(pk=current))
    kind = _SizeField if model is Flavor else _ImageField
    return kind(rows, label=field.label, empty_label=None)


class _ImageField(forms.ModelChoiceField):  # type: ignore[type-arg]  # the class takes no argument when it runs
    def label_from_instance(self, obj: Image) -> str:
        return obj.title


class _SizeField(forms.ModelChoiceField):  # type: ignore[type-arg]  # the class takes no argument when it runs
    """A choice of sizes that says how large each is: its name is the cloud's, and may mean nothing to a teacher."""

    def label_from_instance(self, obj: Flavor) -> str:
        return f"{obj.title}: {size(obj)}"


class ServiceForm(forms.Form):
    """A service of the template. A row without a name and a port is left out."""

    name = forms.CharField(label=_("Service"), max_length=100, required=False)
    port = DigitsField(
        label=_("Port"), required=False, error_messages={"invalid": _("A port is a number from 1 to 65535.")}
    )
    scheme = forms.ChoiceField(label=_("Kind"), choices=[(scheme, scheme) for scheme in SCHEMES], initial="tcp")

    @property
    def is_filled_in(self) -> bool:
        return bool(self.cleaned_data.get("name") or self.cleaned_data.get("port") or "port" in self.errors)

    def clean(self) -> None:
        if not self.is_filled_in:
            return
        self._blame("name", lambda: actions.check_service_name(self.cleaned_data.get("name") or ""))
        if "port" not in self.errors:
            self._blame("port", lambda: actions.check_port(self.cleaned_data.get("port") or 0))

    def _blame(self, field: str, check: Callable[[], None]) -> None:
        try:
            check()
        except Refusal as refusal:
            self.add_error(field, str(refusal))


class OneOfEach(forms.BaseFormSet):  # type: ignore[type-arg]  # Django's own class takes no argument
    """Rows no two of which have the same name or port: the later one is told so, at the field."""

    def clean(self) -> None:
        seen: set[tuple[str, Any]] = set()
        for row in self.forms:
            for field in ("name", "port"):
                value = getattr(row, "cleaned_data", {}).get(field)
                if value and (field, value) in seen:
                    row.add_error(field, gettext(actions.NOT_ITS_OWN))
                seen.add((field, value))


ServiceRows = forms.formset_factory(
    ServiceForm, OneOfEach, extra=SPARE_ROWS, max_num=actions.MOST_SERVICES, absolute_max=2 * actions.MOST_SERVICES
)


def typed_services(rows: Any) -> list[dict[str, Any]]:
    """Return the rows that were filled in, as the actions take them."""
    typed = [row for row in rows.cleaned_data if row.get("name") or row.get("port")]
    return [{"name": row["name"], "port": row["port"], "scheme": row["scheme"]} for row in typed]
