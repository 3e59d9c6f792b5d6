"""A name is one line of ordinary characters, and looks like no other."""

import random
import re

import pytest

from lib.names import MOST_READ, BadName, clean_name, host_name, made_clean

PERSIAN = "می\u200cخواهم"
WOMAN_CODES = "👩\u200d💻"
MARKS = ["a", " ", "é", "e\u0301", "ی", "ه", "د", "क", "\u094d", "👩", "❤", "\u0662", "葛", "1", "\u20e3", "\u200b", "\u200c", "\u200d",
         "\u202e", "\u2066", "\ufe0f", "\U000e0100", "\ufeff", "\u00a0", "\u3000", "\u3164", "\u2028", "\n", "\x00", "\U0001f3fd",
         "\U0001f3f4", "\U000e0067", "\U000e007f", "\U0001fae9", "\u0378", "\U0010ffff", "\u115f", "\u0301", "\u00ad", "\u180b"]  # fmt: skip


@pytest.mark.parametrize("text", ["Lab 1", "máquina de Íñigo", "日本語", "a" * 60, "👩🏽 lab"])
def test_ordinary_names_are_kept(text: str) -> None:
    assert clean_name(f"  {text} ") == text


@pytest.mark.parametrize(
    "text",
    [
        PERSIAN, "نمونه\u200cها", WOMAN_CODES, "👨\u200d👩\u200d👧", "👩🏽\u200d🚀", "❤\ufe0f\u200d🔥", "🙂\u200d↔\ufe0f", "🏳\ufe0f\u200d🌈",
        "1\ufe0f\u20e3", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "🇪🇨", "ශ්\u200dරී", "র\u200d্যা", "ന്\u200d",
        "葛\U000e0100城", "\U0001fae9 2024", "\U0001fa8f", "\U00031350",
    ],
)  # fmt: skip
def test_what_is_written_with_joiners_is_kept(text: str) -> None:
    """Persian, joined emoji, flags, Indic scripts, and emoji and ideographs that are newer than this Python."""
    assert clean_name(text) == text


@pytest.mark.parametrize(
    "text",
    ["la\u200cb", "la\u200db", "la\u200bb", "\ufefflab", "l\u00adab", "lab\u200d", "la\u2060b", "lab\ufe0f", "lab\u00a0", "\u3000lab", "lab\u3164",
     "l\u034fab"],
)  # fmt: skip
def test_a_mark_without_any_effect_makes_no_other_name(text: str) -> None:
    assert clean_name(text) == "lab"


@pytest.mark.parametrize(
    "blank", ["\u00a0", "\u2002", "\u2007", "\u202f", "\u3000", "\u3164", "\u2800", "\u1160", "  ", " \u200b "]
)
def test_no_blank_passes_for_another(blank: str) -> None:
    assert clean_name(f"Lab{blank}1") == "Lab 1"


def test_a_joiner_that_changes_nothing_is_left_out_of_persian() -> None:
    assert clean_name("کار\u200cها") == "کارها"


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "a\nb", "a\rb", "a\x00b", "a\u202eb", "a\u2066b", "a\u200fb", "a\u2028b", "a\ud800b", "a" * 61, "x" * 10_000, "\t", "\u3164",
        "\u200d", "\u200b \u00a0", "a\U000e0061b", "🏴\U000e0061\U000e007f", "a\u0378", "a\uffff",
    ],
)  # fmt: skip
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
        ("X", "machine-1"),
        ("7 🎉", "machine-1"),
        ("42", "42"),
        ("a" * 62 + " b", "a" * 62),
    ],
)
def test_a_guest_is_called_by_what_dns_takes(text: str, name: str) -> None:
    assert host_name(text, otherwise="machine-1") == name


def test_a_refusal_says_where_the_mark_is() -> None:
    with pytest.raises(BadName) as refusal:
        clean_name("Lab\u202e 1")
    assert "after “Lab”" in str(refusal.value)
    assert "U+202E" in str(refusal.value)


def test_what_is_far_too_long_is_not_looked_at() -> None:
    with pytest.raises(BadName, match="too long"):
        clean_name("a" + "\u200b" * MOST_READ)
    assert made_clean("a" + "\u200b" * MOST_READ + "b") == "a"


def _any_text(seed: int) -> str:
    dice = random.Random(seed)
    return "".join(dice.choice(MARKS) for _number in range(dice.randrange(1, 12)))


def test_what_is_kept_once_is_kept_for_good() -> None:
    for text in map(_any_text, range(4000)):
        if once := made_clean(text):
            assert (clean_name(once), made_clean(once)) == (once, once), ascii(text)


def test_a_guest_is_called_by_what_nova_and_neutron_take_whatever_its_machine_is_called() -> None:
    """Nova's schema of a host name, and Neutron's of a label."""
    for text in map(_any_text, range(4000)):
        name = host_name(text, otherwise="machine-1")
        assert re.fullmatch("[a-z0-9][a-z0-9-]{0,61}[a-z0-9]", name), ascii(text)


def test_nothing_that_nobody_sees_is_left_between_letters() -> None:
    for text in map(_any_text, range(4000)):
        name = made_clean("a".join(text))
        assert not set(name) & set("\u202e\u2066\u2028\n\x00\u200b\u200c\u200d\ufeff\u00ad\u00a0\u3164\U000e0067"), (
            ascii(text)
        )


def test_a_name_that_is_cut_ends_well() -> None:
    assert made_clean("a" * 58 + WOMAN_CODES) == "a" * 58 + "👩"
