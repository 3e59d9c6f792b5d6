"""Forms about what the cloud offers: images and sizes."""

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Flavor, Image


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
