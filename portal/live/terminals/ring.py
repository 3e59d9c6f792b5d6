"""The last output of a terminal, to be shown again to whoever comes back: from a place where no sequence and no character is cut."""

import re

from portal.live.terminals.screen_modes import RESET, ScreenModes

MOST = 256 * 1024  # bytes
SLACK = MOST // 8  # so that not each piece moves the rest
# A string (a title, a link, a picture) up to BEL or ESC \\, or a shorter sequence.
_SEQUENCE = re.compile(rb"\x1b(?:[]P^_X][^\x07\x1b]*(?:\x07|\x1b\\?)|\[[0-?]*[ -/]*[@-~]|[ -/]*[0-OQ-WYZ\\`-~])")
# What a terminal answers, as if it were typed: its kind, where its cursor is, its modes, colours, size and settings. Asked again, it would answer again.
_QUESTION = re.compile(
    rb"\x1b(?:\[(?:[>=]?[0-9;]*c|\??[56]n|\??[0-9;]*\$p|>[0-9]*q|(?:1[13-689]|2[01])(?:;[0-9]*)*t|\?u)"
    rb"|\][0-9;]*;\?(?:\x07|\x1b\\)|P[$+]q[^\x07\x1b]*(?:\x07|\x1b\\))"
)
LONGEST = 4096  # bytes in which the end of a line is looked for


class Ring:
    """Output, the oldest of which is forgotten."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._before = ScreenModes()  # what the forgotten output had set
        self.total = 0  # bytes since the beginning

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, output: bytes) -> None:
        self._kept += output
        self.total += len(output)
        if len(self._kept) > MOST + SLACK:
            self._forget(len(self._kept) - MOST)

    def replay(self) -> bytes:
        """Return all that brings a terminal, whatever it shows, to where this output has brought it. Questions to it are left out."""
        return RESET + self._before.sequences() + _QUESTION.sub(b"", self._kept)

    def since(self, total: int) -> bytes | None:
        """Return the output behind the first `total` bytes; None where some of it is forgotten, or there never was so much."""
        first = self.total - len(self._kept)
        return bytes(self._kept[total - first :]) if first <= total <= self.total else None

    def _forget(self, least: int) -> None:
        cut = _whole(self._kept, least)
        self._before.read(bytes(self._kept[:cut]))
        del self._kept[:cut]


def _whole(output: bytearray, least: int) -> int:
    """Return a place from `least` on where output can begin: behind a line, before a sequence, or else before a character."""
    least = _behind_sequence(output, least)
    end = min(len(output), least + LONGEST)
    if (line := output.find(b"\n", least, end)) >= 0:
        return line + 1
    if (sequence := output.find(b"\x1b", least, end)) >= 0:
        return sequence
    return next((place for place in range(least, end) if output[place] & 0xC0 != 0x80), end)


def _behind_sequence(output: bytearray, place: int) -> int:
    """Return the place; in the middle of a sequence, where that ends, or where it begins if it goes on."""
    last = output.rfind(b"\x1b", 0, place)
    if last < 0:
        return place
    if found := _SEQUENCE.match(output, last):
        return max(place, found.end())
    return last if len(output) < 2 * MOST else len(output)
