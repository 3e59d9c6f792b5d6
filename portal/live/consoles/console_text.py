"""The text of a console log, made harmless, and what is new in it.

A guest writes what it likes: escape sequences, control characters, marks that turn the direction of writing. None of them leaves here.
"""

import re

MOST_CHARACTERS = 48_000  # of the tail that is shown
ANCHOR = 400  # characters by which the end of an earlier tail is found again
MOST_TRIES = 16
LONGEST_STRING = 2000  # characters of a title or a link; one that never ends must not hide the lines behind it
# ESC [ … letter; strings (OSC, DCS, …) up to BEL or ESC \\, on one line; other sequences of ESC.
_SEQUENCE = re.compile(
    rf"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]P^_X][^\x07\x1b\n]{{0,{LONGEST_STRING}}}(?:\x07|\x1b\\)?|[ -/]{{0,4}}[0-OQ-WYZ\\`-~])?"
)
_LINE_END = re.compile(r"\r+\n?")
# What is left of control characters, halves of characters, and invisible marks of direction and joining.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


def readable(text: str) -> str:
    """Return the last characters of a log as plain lines."""
    plain = _INVISIBLE.sub("", _LINE_END.sub("\n", _SEQUENCE.sub("", text)))
    return plain[-MOST_CHARACTERS:]


def news(before: str, now: str) -> str | None:
    """Return what a later tail `now` has behind the end of the earlier one; None where they do not meet."""
    anchor = before[-ANCHOR:]
    if not anchor:
        return None
    end = len(now) + 1
    for _ in range(MOST_TRIES):
        found = now.rfind(anchor, 0, end - 1)
        if found < 0:
            break
        end = found + len(anchor)
        if before.endswith(_whole_lines(now[:end])):
            return now[end:]
    return None


def _whole_lines(tail: str) -> str:
    """Return a tail without its first line, which may be cut."""
    return tail.partition("\n")[2] or tail
