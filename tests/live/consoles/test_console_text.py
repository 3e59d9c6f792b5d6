"""Escape sequences and control characters of a guest's log, and what is new in it."""

import random

import pytest

from portal.live.consoles.console_text import MOST_CHARACTERS, news, readable

LONG = "x" * 500


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\x1b[1;31mred\x1b[0m b", "ared b"),
        ("\x1b]0;a title\x07x\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "xlink"),
        ("\x1b]52;c;ZXZpbA==\x07x", "x"),
        ("\x1bP+q544e\x1b\\x\x1b_G\x1b\\y\x1bc\x1b(0\x1b=z", "xyz"),
        ("one\r\ntwo\rthree\r\r\nfour", "one\ntwo\nthree\nfour"),
        ("a\x00b\x07c\x9bd\x7fe\tf", "abcde\tf"),
        ("\u202eevil\u2066\u200bname\ufeff", "evilname"),
        ("half \ud83d and \x1b", "half  and "),
        ("a\x1b]0;never ends\nthe next line", "a\nthe next line"),
        ("<script>alert(1)</script> ñandú", "<script>alert(1)</script> ñandú"),
    ],
)
def test_only_what_can_be_read_is_left(written: str, shown: str) -> None:
    assert readable(written) == shown


def test_random_bytes_leave_no_control_character() -> None:
    chance = random.Random(15)
    for _ in range(300):
        text = "".join(chance.choice("\x1b\x1b[]P;?0mA\x07\x9b\n\r\u202e a\\\x00") for _ in range(200))
        assert not [sign for sign in readable(text) if not sign.isprintable() and sign not in "\n\t"]


def test_a_flood_is_cut() -> None:
    assert len(readable("\x1b]" * 100_000)) <= MOST_CHARACTERS
    assert len(readable("y\n" * 1_000_000)) == MOST_CHARACTERS


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ("", "a", None),
        ("a\nb", "a\nb", ""),
        ("a\nb", "a\nbc\nd", "c\nd"),
        ("aaa\n" + LONG, "a\n" + LONG + "\ndd", "\ndd"),  # its first line is cut
        ("a\nb", "x\ny", None),
        ("y\ny\n", "y\ny\n", ""),
    ],
)
def test_what_is_new_in_a_later_tail(before: str, now: str, new: str | None) -> None:
    assert news(before, now) == new


def test_what_is_shown_in_pieces_is_what_was_written() -> None:
    """A log of lines that are often the same, of which tails are taken at random times."""
    chance = random.Random(5)
    log, shown, tail = "", "", ""
    for _ in range(400):
        log += "".join(
            chance.choice(["tick\n", "tock\n", f"{chance.random()}\n", "…"]) for _ in range(chance.randrange(6))
        )
        later = log[-2000:]
        new = news(tail, later)
        shown, tail = (later if new is None else shown + new), later
        assert shown.endswith(later[-1000:])
