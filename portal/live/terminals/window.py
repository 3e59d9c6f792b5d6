"""Flow control towards a viewer: what was sent and not acknowledged yet."""

import asyncio

from portal.live.terminals.frames import BadFrame

MOST = 512 * 1024  # bytes that may be on their way, or wait to be shown


class Window:
    """Bytes that a viewer was sent and has not acknowledged."""

    def __init__(self) -> None:
        self.unacknowledged = 0
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def room(self) -> int:
        """Wait until something may be sent. Return how many bytes."""
        await self._has_room.wait()
        return MOST - self.unacknowledged

    def sent(self, count: int) -> None:
        self.unacknowledged += count
        if self.unacknowledged >= MOST:
            self._has_room.clear()

    def acknowledged(self, count: int) -> None:
        """Take a viewer's word. Raises BadFrame for more than was sent."""
        if count > self.unacknowledged:
            raise BadFrame("More is acknowledged than was sent.")
        self.unacknowledged -= count
        self._has_room.set()
