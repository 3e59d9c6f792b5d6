"""A whole number of digits only, as all forms read it."""

import re
from typing import Any

from django import forms

_WHOLE = re.compile(r"\s*-?[0-9]{1,18}\s*", re.ASCII)


class DigitsField(forms.IntegerField):
    """A whole number of digits: 1.000 is a thousand to some, and one to others, and 1_000 is so to Python alone."""

    re_decimal = re.compile(r"(?!)")

    def to_python(self, value: Any) -> int | None:
        if value not in self.empty_values and not _WHOLE.fullmatch(str(value)):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        number: int | None = super().to_python(value)
        return number
