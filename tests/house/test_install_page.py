"""docs/admin/install.md can be followed by a program; `python -m tests.installation` does, in a booted guest."""

import re

import pytest

from tests.installation.answers import EDITED, UNFILLED, Answers, set_in, stand_in
from tests.installation.page import COMPOSE, PAGE, Step, blocks, sections, steps
from tests.installation.walk import PLACES

TEXT = PAGE.read_text()
STEPS = steps(TEXT)
RUN = [step for step in STEPS if stand_in(step) is None]


def test_every_indented_line_below_the_picture_is_a_step() -> None:
    first = TEXT.index("## ")
    written = [line for line in TEXT[first:].splitlines() if line.startswith("    ")]
    read = [line for block in blocks(TEXT) if block.section for line in block.lines if line]
    assert [line.strip() for line in written] == [line.strip() for line in read]


def test_every_section_with_commands_is_read() -> None:
    assert {"1", "2", "3", "4", "5", "6", "U"} == {step.section[0] for step in STEPS}
    assert {step.section for step in STEPS} <= set(sections(TEXT))


@pytest.mark.parametrize("step", RUN, ids=lambda step: f"line {step.line}")
def test_a_line_that_is_run_has_no_word_left_to_fill_in(step: Step) -> None:
    answers = Answers()
    answers.words |= {word: value or "copied" for word, value in answers.words.items()}
    assert UNFILLED.findall(answers.fill(step.text)) == []


@pytest.mark.parametrize("step", RUN, ids=lambda step: f"line {step.line}")
def test_a_line_is_run_where_the_page_says(step: Step) -> None:
    assert step.place in PLACES


def test_no_password_is_among_a_program_s_arguments() -> None:
    """Arguments can be read by everybody on the computer; printf is the shell itself."""
    assert [s.text for s in STEPS if not s.file and "PASSWORD" in s.text and not s.text.startswith("printf ")] == []


def test_only_the_ways_not_taken_and_the_editor_are_left_out() -> None:
    left = [step for step in STEPS if stand_in(step) and step.way != COMPOSE]
    assert [step.file or step.text for step in left] == [
        "sudo nano /etc/minga/minga.env",
        "/etc/caddy/Caddyfile",
        "ssl_certificate",
    ]
    assert EDITED.fits(left[0])


@pytest.mark.parametrize(
    "line",
    ["read_header 10s", "read_body 5m", "max_size 50MB", "client_max_body_size 50m;", "client_header_timeout 10s;"],
)
def test_the_proxies_bound_heads_and_bodies(line: str) -> None:
    """The proxy bounds what reaches Minga: by themselves Caddy and nginx would wait for the rest of a head, or keep a body of any size."""
    assert re.search(rf"^ {{4,}}{re.escape(line)}$", TEXT, re.MULTILINE)


def test_nobody_is_told_to_sign_up() -> None:
    assert "Nobody can sign up" in TEXT


def test_the_settings_that_a_person_makes_are_in_the_example() -> None:
    example = (PAGE.parents[2] / ".env.example").read_text()
    settings = Answers().settings("192.0.2.1")
    edited = set_in(example, settings).splitlines()
    assert [name for name, value in settings.items() if f"{name}={value}" not in edited] == []


def test_a_setting_that_the_example_does_not_have_is_noticed() -> None:
    with pytest.raises(LookupError, match="NEVER_HEARD_OF"):
        set_in("SECRET_KEY=change-me\n", {"NEVER_HEARD_OF": "1"})
