"""Flow control towards a viewer: how much of the output is on its way, or waits to be shown."""

from portal.live.terminals.frames import BadFrame

# Bytes. A channel that is paused has up to 128 KiB more (shells.WINDOW), which come when it goes on: 512 in all.
MOST = 384 * 1024


class Window:
    """Bytes that were given to a viewer and are not acknowledged."""

    def __init__(self) -> None:
        self.unacknowledged = 0
        self.unanswered = 0  # frames

    @property
    def is_full(self) -> bool:
        return self.unacknowledged >= MOST

    def given(self, count: int) -> None:
        self.unacknowledged += count

    def answers_a_frame(self) -> bool:
        """Say whether an acknowledgement is one of as many as there were frames. A viewer could acknowledge each byte of a flood."""
        if self.unanswered == 0:
            return False
        self.unanswered -= 1
        return True

    def acknowledged(self, count: int) -> None:
        """Take a viewer's word. Raises BadFrame for more than was given."""
        if count > self.unacknowledged:
            raise BadFrame("More is acknowledged than was sent.")
        self.unacknowledged -= count
