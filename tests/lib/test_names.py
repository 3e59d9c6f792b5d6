"""A name is one line of ordinary characters."""

import pytest

from lib.names import BadName, clean_name, host_name


@pytest.mark.parametrize("text", ["Lab 1", "máquina de Íñigo", "日本語", "a" * 60, "👩🏽 lab"])
def test_ordinary_names_are_kept(text: str) -> None:
    assert clean_name(f"  {text} ") == text


@pytest.mark.parametrize(
    "text", ["", "   ", "a\nb", "a\rb", "a\x00b", "a\u202eb", "a\u2028b", "a\ud800b", "a" * 61, "x" * 10_000, "\t"]
)
def test_the_rest_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        clean_name(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("red-fox", "red-fox"),
        ("piñata 🎉", "pinata"),
        ("Máquina de Íñigo", "maquina-de-inigo"),
        ("-_.x..y_-", "x-y"),
        ("日本語", "machine-1"),
        ("🎉", "machine-1"),
        ("a" * 62 + " b", "a" * 62),
    ],
)
def test_a_guest_is_called_by_what_dns_takes(text: str, name: str) -> None:
    assert host_name(text, otherwise="machine-1") == name
