"""Say in our words what is wrong with a field: Django's name the fault, ours what to do. Set once, for the forms of all apps."""

from typing import Any

from django import forms
from django.core import validators
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

REQUIRED: list[tuple[type[forms.Field], Any]] = [
    (forms.Field, _("Fill this in.")),
    (forms.ChoiceField, _("Choose one of these.")),
    (forms.ModelChoiceField, _("Choose one of these.")),
    (forms.BooleanField, _("Tick this box to go on.")),
    (forms.FileField, _("Choose a file.")),
]


def use() -> None:
    """Put our words in the place of Django's. A field that has words of its own keeps them."""
    for kind, words in REQUIRED:
        kind.default_error_messages = {**vars(kind).get("default_error_messages", {}), "required": words}
    validators.MinValueValidator.message = _("Write a number from %(limit_value)s on.")
    validators.MaxValueValidator.message = _("Write a number up to %(limit_value)s.")
    validators.MaxLengthValidator.message = ngettext_lazy(
        "Write at most %(limit_value)d character: these are %(show_value)d.",
        "Write at most %(limit_value)d characters: these are %(show_value)d.",
        "limit_value",
    )
