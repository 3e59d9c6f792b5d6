"""Lengths of time in whole words, in both languages."""

import pytest
from django.utils.translation import override

from lib.time_words import in_words


@pytest.mark.parametrize(
    ("seconds", "english", "spanish"),
    [
        (0, "0 seconds", "0 segundos"),
        (1.2, "1 second", "1 segundo"),
        (119.4, "119 seconds", "119 segundos"),
        (-119.6, "2 minutes", "2 minutos"),
        (7199, "120 minutes", "120 minutos"),
        (7200, "2 hours", "2 horas"),
        (172800, "2 days", "2 días"),
    ],
)
def test_a_length_has_one_unit(seconds: float, english: str, spanish: str) -> None:
    said = in_words(seconds)
    assert str(said) == english
    with override("es"):
        assert str(said) == spanish
