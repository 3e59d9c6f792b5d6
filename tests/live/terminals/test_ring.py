"""Output that is shown again: nothing begins in the middle of a sequence or a character, and modes are as they were."""

from random import Random

import pytest

from portal.live.terminals import ring
from portal.live.terminals.ring import Ring
from portal.live.terminals.screen_modes import RESET, ScreenModes

# What programs print: lines, modes, colours, a title, a link, a picture, characters of several bytes.
SEEDS = range(60)
PARTS = [
        b"ls -la\r\n", b"a line without an end ", "ñandú ".encode(), "🦙".encode(), b"\x1b[31m", b"\x1b[1;4m", b"\x1b[0m", b"\x1b[?1049h", b"\x1b[?1049l",
        b"\x1b[?1000;1006h", b"\x1b[?1000l", b"\x1b[?25l", b"\x1b[?2004h", b"\x1b[5;20r", b"\x1b=", b"\x1b>", b"\x1b(0", b"\x1b(B", b"\x1b[2J", b"\x1b[H",
        b"\x1b]0;a title\x07", b"\x1b]8;;https://example.org\x1b\\", b"\x1bPq#0;2;0;0;0~~@@\x1b\\", b"\x1b[!p", b"\x1bc",
]  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MOST": 64, "BLOCK": 8, "LONGEST": 24}.items():
        monkeypatch.setattr(ring, name, value)


@pytest.mark.parametrize(
    "question",
    [
        b"\x1b[c", b"\x1b[0c", b"\x1b[>c", b"\x1b[>0c", b"\x1b[=c", b"\x1b[5n", b"\x1b[6n", b"\x1b[?6n", b"\x1b[?2026$p", b"\x1b[4$p", b"\x1b[>q", b"\x1b[18t",
        b"\x1b[14;2t", b"\x1b[21t", b"\x1b[?u", b"\x1b]10;?\x07", b"\x1b]11;?\x1b\\", b"\x1b]4;7;?\x07", b"\x1bP$qm\x1b\\", b"\x1bP+q544e\x1b\\",
    ],
)  # fmt: skip
def test_questions_to_the_terminal_are_not_asked_again(question: bytes) -> None:
    one = Ring()
    one.add(b"be" + question + b"fore")
    assert one.replay() == RESET + b"before"


@pytest.mark.parametrize(
    "kept", [b"\x1b[22;0;0t", b"\x1b[2 q", b"\x1b[31m", b"\x1b]0;title?\x07", b"\x1b[!p", b"\x1b[4;1H"]
)
def test_what_is_no_question_is_shown_again(kept: bytes) -> None:
    one = Ring()
    one.add(kept)
    assert one.replay() == RESET + kept


def printed(seed: int) -> tuple[list[bytes], int]:
    """Parts that a program printed, and the size of the pieces in which they come."""
    random = Random(seed)
    return random.choices(PARTS, k=random.randint(0, 60)), random.randint(1, 40)


def modes(output: bytes) -> bytes:
    found = ScreenModes()
    found.read(output)
    return found.sequences()


def filled(parts: list[bytes], size: int) -> Ring:
    """A ring that got these parts in pieces of a size, as they come from a guest: cut anywhere."""
    output, made = b"".join(parts), Ring()
    for place in range(0, len(output), size):
        made.add(output[place : place + size])
    return made


@pytest.mark.parametrize("seed", SEEDS)
def test_modes_are_as_after_all_that_was_printed(seed: int) -> None:
    parts, size = printed(seed)
    assert modes(filled(parts, size).replay()) == modes(b"".join(parts))


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_begins_in_its_middle(seed: int) -> None:
    parts, size = printed(seed)
    kept = filled(parts, size).kept()
    whole = b"".join(parts)
    starts, place = {len(whole)}, 0
    for part in parts:
        is_text = not part.startswith(b"\x1b")
        starts |= {place + n for n in range(len(part)) if part[n] & 0xC0 != 0x80} if is_text else {place}
        place += len(part)
    assert whole.endswith(kept)
    assert len(whole) - len(kept) in starts


@pytest.mark.parametrize("seed", SEEDS)
def test_it_keeps_no_more_than_its_size_and_what_was_not_yet_cut(seed: int) -> None:
    parts, _size = printed(seed)
    assert len(filled(parts, 7)) <= 64 + 8 + 7 + len(max(PARTS, key=len))


def test_a_new_one_shows_an_empty_terminal() -> None:
    assert Ring().replay() == RESET


def test_who_has_seen_the_beginning_gets_the_rest_alone() -> None:
    made = filled([b"one\n", b"two\n"], 3)
    assert (made.since(4), made.since(8), made.since(9)) == (b"two\n", b"", None)


def test_who_was_away_too_long_gets_no_rest() -> None:
    assert filled([b"a line\n"] * 40, 7).since(7) is None


def test_a_colour_of_endless_numbers_is_not_kept() -> None:
    assert modes(b"\x1b[" + b"1;" * 5000 + b"m") == b""
