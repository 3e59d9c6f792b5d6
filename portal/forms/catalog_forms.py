"""Forms about what the cloud offers: images and sizes."""

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Flavor, Image
from lib.names import check_login
from lib.notes import Refusal


class ImageForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's own class takes no argument
    class Meta:
        model = Image
        fields = ["name", "description", "login", "offered"]
        labels = {
            "name": _("Display name"),
            "description": _("Description"),
            "login": _("SSH sign-in name"),
            "offered": _("Teachers may use it"),
        }

    def clean_login(self) -> str:
        try:
            check_login(self.cleaned_data["login"])
        except Refusal as refusal:
            raise forms.ValidationError(str(refusal)) from None
        return str(self.cleaned_data["login"])


class FlavorForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's own class takes no argument
    class Meta:
        model = Flavor
        fields = ["name", "offered"]
        labels = {"name": _("Display name"), "offered": _("Teachers may use it")}
