"""The last output of a terminal, to be shown again to whoever comes back: from a place where no sequence and no character is cut."""

import re

from portal.live.terminals.screen_modes import RESET, ScreenModes

MOST = 256 * 1024  # bytes
BLOCK = MOST // 8  # in such pieces it is kept and forgotten: one growing piece takes twice its size of the process
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
        self._blocks: list[bytes] = []
        self._last = bytearray()  # behind the blocks
        self._before = ScreenModes()  # what the forgotten output had set
        self.total = self._first = 0  # bytes since the beginning: all, and the forgotten ones

    def __len__(self) -> int:
        return self.total - self._first

    def add(self, output: bytes) -> None:
        self._last += output
        self.total += len(output)
        if len(self._last) >= BLOCK:
            self._blocks.append(bytes(self._last))
            self._last = bytearray()
            while len(self) > MOST - BLOCK and self._forget():
                pass

    def kept(self) -> bytes:
        return b"".join([*self._blocks, self._last])

    def replay(self) -> bytes:
        """Return all that brings a terminal, whatever it shows, to where this output has brought it. Questions to it are left out."""
        return RESET + self._before.sequences() + _QUESTION.sub(b"", self.kept())

    def since(self, total: int) -> bytes | None:
        """Return the output behind the first `total` bytes; None where some of it is forgotten, or there never was so much."""
        return self.kept()[total - self._first :] if self._first <= total <= self.total else None

    def _forget(self) -> bool:
        """Forget the first block, but for what belongs to the next one. Return whether that was possible."""
        first, count = len(self._blocks[0]), 1
        while True:
            count += 1
            output = b"".join(self._blocks[:count])
            cut = _whole(output, first)
            if cut < len(output) or count >= len(self._blocks):
                break  # else a sequence may go on in the next block
        self._before.read(output[:cut])
        self._blocks[:count] = [rest] if (rest := output[cut:]) else []
        self._first += cut
        return cut > 0 and bool(self._blocks)


def _whole(output: bytes, least: int) -> int:
    """Return a place from `least` on where output can begin: behind a line, before a sequence, or else before a character."""
    least = _behind_sequence(output, least)
    end = min(len(output), least + LONGEST)
    if (line := output.find(b"\n", least, end)) >= 0:
        return line + 1
    if (sequence := output.find(b"\x1b", least, end)) >= 0:
        return sequence
    return next((place for place in range(least, end) if output[place] & 0xC0 != 0x80), end)


def _behind_sequence(output: bytes, place: int) -> int:
    """Return the place; in the middle of a sequence, where that ends, or where it begins if it goes on."""
    last = output.rfind(b"\x1b", 0, place)
    if last < 0:
        return place
    if found := _SEQUENCE.match(output, last):
        return max(place, found.end())
    return last if len(output) < 2 * MOST else len(output)
