"""Trial visits: the portal visits a public port itself, to see whether it leads here. The portal has said before what it will say first.

Nobody is woken, nobody is counted, and the machine hears nothing of it. Only while one is due do other visitors of the port wait, until
their first byte shows that they are none, or LOOK_SECONDS.
"""

import asyncio
import time
from collections.abc import Callable

from tunnels.agent.counts import Counts
from tunnels.agent.mishaps import Mishaps
from tunnels.agent.protocol import trial_answer
from tunnels.agent.relay import Stream

DUE_SECONDS = 15.0  # after it was announced; then it is not waited for any more
LOOK_SECONDS = 0.4  # for a visitor who says nothing
TICK_SECONDS = 0.01
MOST_DUE = 16
MOST_AT_ONCE = 16  # visitors of a port who are looked at


class Trials:
    """The trials of one port that are due, and the visitors who may be one."""

    def __init__(self, mishaps: Mishaps) -> None:
        self.mishaps = mishaps
        self.due: dict[bytes, float] = {}  # until when, by what is said first
        self.looked_at: set[Stream] = set()
        self._looking: set[asyncio.Task[None]] = set()

    def expect(self, word: str) -> None:
        """Expect a visit that says this first. Of too many the oldest is not expected any more."""
        self._forget_old()
        while len(self.due) >= MOST_DUE:
            del self.due[next(iter(self.due))]
        self.due[word.encode()] = time.monotonic() + DUE_SECONDS

    @property
    def is_due(self) -> bool:
        """Say whether the next visitor may be one, and there is room to look."""
        self._forget_old()
        return bool(self.due) and len(self.looked_at) < MOST_AT_ONCE

    def look(self, origin: str, other: Callable[[Stream], None]) -> Stream:
        """Look at a visitor. `other` takes those who are no trial, with what they have said so far."""
        stream = Stream(origin, Counts(), self.looked_at.discard, self.mishaps)
        stream.early = bytearray()
        self.looked_at.add(stream)
        task = asyncio.create_task(self._look(stream, other))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)
        return stream

    async def _look(self, stream: Stream, other: Callable[[Stream], None]) -> None:
        until = time.monotonic() + LOOK_SECONDS
        try:
            # The channel has one writer of its own, asyncssh: no event of ours could wake us.
            while not stream.gone and self._may_be(stream) and time.monotonic() < until:  # noqa: ASYNC110
                await asyncio.sleep(TICK_SECONDS)
            if stream.gone:
                return
            if self.due.pop(said := bytes(stream.early or b""), None):
                stream.say(trial_answer(said.decode()))
            else:
                self.looked_at.discard(stream)
                other(stream)
        except Exception as error:
            stream.fail("looking at a visitor", error)

    def _may_be(self, stream: Stream) -> bool:
        """Say whether more must be heard to tell."""
        said = bytes(stream.early or b"")
        return not said or (said not in self.due and any(word.startswith(said) for word in self.due))

    def _forget_old(self) -> None:
        now = time.monotonic()
        self.due = {word: until for word, until in self.due.items() if until > now}
