"""The lines that the program shows and somebody types: the desk reads what was written, and says which line is wrong."""

from typing import Any

import pytest

from nodes.intake import machine_facts, typed_report
from nodes.intake.typed_report import BadText
from tests.nodes.intake import recorded

intake = recorded.program()
FACTS = recorded.facts(not_read=["smart", "board"])
NVME = {"name": "nvme0n1", "bus": "nvme", "size_gb": 500, "used_percent": 3, "media_errors": 2, "serial": "S1"}


def lines(facts: Any = FACTS) -> list[str]:
    found: list[str] = intake.lines_of(facts)
    return found


def refused(*typed: str) -> list[str]:
    with pytest.raises(BadText) as refusal:
        typed_report.read("\n".join(typed))
    return [str(fault) for fault in refusal.value.faults]


@pytest.mark.parametrize("more", [{}, {"disks": []}, {"disks": [NVME, *FACTS["disks"]], "cards": [], "grams": None}])
def test_what_is_typed_is_what_would_have_been_sent(more: dict[str, Any]) -> None:
    facts = {**FACTS, **more}
    assert typed_report.read("\n".join(lines(facts))) == machine_facts.read(facts)


def test_the_tables_of_program_and_portal_are_the_same() -> None:
    turned = {letter: {key: name for name, key in keys.items()} for letter, keys in intake.KEYS.items()}
    assert turned == typed_report.KEYS
    assert intake.LETTERS == typed_report.LETTERS
    assert set(intake.NOT_READ) == set(machine_facts.NOT_READ)


def test_blanks_and_small_letters_and_another_order_do_not_matter() -> None:
    typed = [line.lower().replace(";", " ; ") for line in lines()]
    assert typed_report.read("\n\n".join(typed)).machine["ram_mb"] == 3789


def test_a_mistyped_line_is_named() -> None:
    typed = [line.replace("r=3789", "r=3798") for line in lines()]
    [fault] = refused(*typed)
    number = next(line for line in typed if "3798" in line).partition("C")[0]
    assert fault == f"Line {number} does not fit its last two characters: compare it with the screen."


@pytest.mark.parametrize(
    ("left_out", "fault"), [(1, "Line 2 is missing."), (-1, "The last line is missing: it has the letter E.")]
)
def test_a_missing_line_is_named(left_out: int, fault: str) -> None:
    typed = lines()
    del typed[left_out]
    assert refused(*typed) == [fault]


def test_lines_of_two_reports_do_not_mix() -> None:
    other = lines(recorded.facts(serial="OTHER1", not_read=["smart", "board"]))
    assert refused(other[0], *lines()[1:]) == ["These lines are not of one report. Type all of one."]


@pytest.mark.parametrize("typed", ["hello", "1C v=1;c=x", "=cmd()", "1C v=1 #" + "A" * 9, "x" * 10_001, "   "])
def test_what_is_no_such_text_says_so(typed: str) -> None:
    assert refused(typed)


def test_a_forged_report_is_held_to_the_same_bounds() -> None:
    assert refused(*lines(recorded.facts(ram_mb=99_999_999_999))) == ["From 1 to 16777216."]


def test_no_line_is_longer_than_a_screen_unless_one_fact_is() -> None:
    assert all(len(line) <= 80 for line in lines() if "D " not in line)
    assert all(line.isascii() for line in lines(recorded.facts(product="Computación;#x")))
