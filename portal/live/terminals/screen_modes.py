"""Modes that a terminal's output has set: what a screen must be told before it is shown a later part of that output.

A sequence that is cut off at the end of a piece belongs to the next one: pieces begin and end where `Ring` cuts.
"""

import re

RESET = b"\x1bc"  # a terminal as it was when it was opened
# ESC [ ? 1049 h, ESC [ 0 ; 31 m, ESC [ 2 ; 20 r, ESC [ ! p, ESC =, ESC >, ESC ( 0, ESC c; strings (OSC, DCS) are passed over whole.
_SEQUENCE = re.compile(
    rb"\x1b(?:\[(?P<private>\?)?(?P<numbers>[0-9;:]{0,99})(?P<final>[hlmr])|(?P<soft>\[!p)|(?P<keypad>[=>])|(?P<charset>[()][0-9A-Za-z])"
    rb"|(?P<full>c)|[\]P^_X][^\x07\x1b]*)"
)
# Switched on by "h" and off by "l"; those of this table are on at the start.
ON_AT_FIRST = {b"7", b"25"}
KEPT = {
    b"1", b"5", b"6", b"7", b"9", b"25", b"45", b"47", b"66", b"1000", b"1002", b"1003", b"1004", b"1005", b"1006", b"1007", b"1015", b"1016",
    b"1047", b"1049", b"2004",
}  # fmt: skip
MOST_LOOKS = 16  # sequences of colours and weights since the last that took all away


class ScreenModes:
    """The modes after all output that was read."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._switched: dict[bytes, bool] = {}
        self._looks: list[bytes] = []
        self._others: dict[str, bytes] = {}  # keypad, charsets, scroll region

    def read(self, output: bytes) -> None:
        """Follow a piece of output that ends at a whole sequence."""
        for found in _SEQUENCE.finditer(output):
            self._take(found)

    def _take(self, found: "re.Match[bytes]") -> None:
        if found["full"] or found["soft"]:
            self._forget()
        elif found["private"] and found["final"] in (b"h", b"l"):
            self._switch(found["numbers"].split(b";"), found["final"] == b"h")
        elif found["final"] == b"m" and not found["private"]:
            self._look(found[0], found["numbers"])
        elif found["final"] == b"r" and not found["private"]:
            self._others["region"] = found[0]
        elif found["keypad"]:
            self._others["keypad"] = found[0]
        elif found["charset"]:
            self._others[f"charset {found['charset'][:1]!r}"] = found[0]

    def _switch(self, numbers: list[bytes], is_on: bool) -> None:
        for number in numbers:
            if number in KEPT:
                self._switched.pop(number, None)  # the order counts: the last comes last
                self._switched[number] = is_on

    def _look(self, sequence: bytes, numbers: bytes) -> None:
        if numbers.strip(b"0;") == b"":  # takes all away
            self._looks = []
        else:
            self._looks = [*self._looks, sequence][-MOST_LOOKS:]

    def sequences(self) -> bytes:
        """Return what brings a terminal that was reset into these modes."""
        switched = (
            b"\x1b[?%s%s" % (number, b"h" if is_on else b"l")
            for number, is_on in self._switched.items()
            if is_on != (number in ON_AT_FIRST)
        )
        return b"".join([*switched, *self._others.values(), *self._looks])
