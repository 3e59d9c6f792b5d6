"""A cache that a process shares with its forks: a few short texts, in memory alone, gone with the last of them."""

import mmap
from hashlib import blake2b

_CHECK, _LENGTH = 16, 4  # bytes of a slot before its text


class ForkMemory:
    """Texts by key. Make it before the process forks.

    Nobody holds a lock, so none is left by a killed process: a slot that is half written, or that another key has taken
    meanwhile, reads as empty. Whoever reads must be able to do without.
    """

    def __init__(self, slots: int, size: int) -> None:
        """Reserve `slots` texts of nearly `size` bytes. The system provides a page of memory once it is written."""
        self._slots, self._size = slots, size
        self._memory = mmap.mmap(-1, slots * size)

    def get(self, key: str) -> str:
        """Return the text; '' for none."""
        start = self._start(key)
        slot = self._memory[start : start + self._size]
        length = int.from_bytes(slot[_CHECK : _CHECK + _LENGTH])
        text = slot[_CHECK + _LENGTH :][:length]
        return text.decode() if text and slot[:_CHECK] == _check(key, text) else ""

    def put(self, key: str, text: str) -> None:
        """Keep the text in place of whatever is in its slot. One that is too long is not kept."""
        data = text.encode()
        if len(data) <= self._size - _CHECK - _LENGTH:
            self._write(key, _check(key, data) + len(data).to_bytes(_LENGTH) + data)

    def drop(self, key: str, text: str) -> None:
        """Forget this text of the key. What a sibling has put there meanwhile stays."""
        if self.get(key) == text:
            self._write(key, bytes(self._size))

    def _write(self, key: str, slot: bytes) -> None:
        start = self._start(key)
        self._memory[start : start + len(slot)] = slot

    def _start(self, key: str) -> int:
        return int.from_bytes(blake2b(key.encode(), digest_size=8).digest()) % self._slots * self._size


def _check(key: str, text: bytes) -> bytes:
    """Return a digest that only this text of this key has: two keys may share a slot."""
    return blake2b(text, digest_size=_CHECK, key=blake2b(key.encode(), digest_size=32).digest()).digest()
