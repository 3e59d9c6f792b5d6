"""Fields of the forms about given computers: texts without hidden marks, and the facts about a computer."""

import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext

from lib.names import BadName, clean_name
from nodes import amounts, fact_bounds
from portal.forms.digits_field import DigitsField
from portal.forms.quota_requests import LinesField


class OneLine(forms.CharField):
    """A short text on one line, without hidden marks."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        try:
            return clean_name(text, longest=self.max_length or 60) if text else ""
        except BadName as refusal:
            raise forms.ValidationError(str(refusal)) from None


class Lines(LinesField):
    """A longer text, whose only control characters are line breaks and tabs."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if any(unicodedata.category(mark) in ("Cc", "Cs") and mark not in "\n\t" for mark in text):
            raise forms.ValidationError(gettext("There is a hidden mark in this text. Type it again."))
        return text


class Whole(DigitsField):
    """A whole number, typed like a text: no arrows, which a wheel turns unseen."""

    widget = forms.TextInput

    def widget_attrs(self, widget: Any) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "inputmode": "numeric", "autocomplete": "off"}


class FactField(Whole):
    """A whole number within what nodes.fact_bounds knows of a fact, looked up when the form is filled in; it may stay empty."""

    def __init__(self, fact: str, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.fact = fact

    def to_python(self, value: Any) -> int | None:
        """Read digits in the unit of the label, and amounts that say theirs: 1 TB."""
        text = "" if value in self.empty_values else str(value).strip()
        number = amounts.READERS[self.fact](text) if any(mark.isalpha() for mark in text) else None
        return super().to_python(value) if number is None else number

    def validate(self, value: Any) -> None:
        if note := fact_bounds.why_impossible(self.fact, value):
            raise forms.ValidationError(str(note))
