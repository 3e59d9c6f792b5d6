"""Whole numbers in forms: digits, and nothing else that Python would read."""

import pytest
from django import forms

from portal.forms.digits_field import DigitsField
from portal.forms.machine_forms import PortForm
from portal.forms.terms_form import TermsForm


@pytest.mark.parametrize("typed", ["6_4", "1.000", "1,5", "٣", "1e3", "0x10", "9" * 30])
def test_what_is_not_digits_is_refused(typed: str) -> None:
    with pytest.raises(forms.ValidationError):
        DigitsField().clean(typed)


@pytest.mark.parametrize(("typed", "number"), [("64", 64), (" 8 ", 8), ("-3", -3), (5, 5)])
def test_digits_are_read(typed: str | int, number: int) -> None:
    assert DigitsField().clean(typed) == number


def test_no_form_of_ours_reads_more() -> None:
    assert isinstance(PortForm.base_fields["port"], DigitsField)
    assert isinstance(TermsForm.base_fields["seen"], DigitsField)
