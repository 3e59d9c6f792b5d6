"""Shells that were closed while their machine did not answer: their tmux is asked again to end them, for an hour."""

import asyncio

from portal.access import Forbidden
from portal.live.entry import Entry, Refused
from portal.live.guest_connections import Guests
from portal.live.terminals import shells
from portal.live.terminals.endings import MOST_OF_A_PERSON
from portal.live.terminals.terminal import Key

PAUSE_SECONDS = 20.0
KEEP_SECONDS = 3600.0
MOST = 200


class LateClosings:
    """The shells that are still to be ended, one at a time, so that silent machines hold one place of the handshakes. A restart forgets them."""

    def __init__(self, guests: Guests) -> None:
        self.guests = guests
        self.waiting: dict[Key, tuple[Entry, float]] = {}  # and since when, on the loop's clock
        self._is_any = asyncio.Event()

    def add(self, key: Key, entry: Entry) -> None:
        theirs = [one for one in self.waiting if one.person == key.person]
        if len(theirs) < MOST_OF_A_PERSON and len(self.waiting) < MOST:
            self.waiting[key] = entry, asyncio.get_running_loop().time()
            self._is_any.set()

    def forget(self, key: Key) -> None:
        """Leave a shell alone: its person has opened it again."""
        self.waiting.pop(key, None)

    async def go_on(self) -> None:
        """Ask each again and again."""
        while await self._is_any.wait():
            await asyncio.sleep(PAUSE_SECONDS)
            for key, (entry, since) in list(self.waiting.items()):
                is_late = since < asyncio.get_running_loop().time() - KEEP_SECONDS
                if is_late or (key in self.waiting and await self._close(key, entry)):
                    self.forget(key)
            if not self.waiting:
                self._is_any.clear()

    async def _close(self, key: Key, entry: Entry) -> bool:
        """Return whether nothing is left to do: it has ended, its person opened it again, or may no longer."""
        try:
            async with self.guests.signed_in(entry, key.machine) as connection:
                return key not in self.waiting or await shells.kill(connection, key.tmux_name)
        except (Refused, Forbidden):
            return True
        except Exception:
            return False  # the machine sleeps, or does not answer yet
