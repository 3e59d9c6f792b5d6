"""Count the bytes and refusals of a port between two reports."""

from dataclasses import dataclass

from tunnels.agent.protocol import Counted


@dataclass(slots=True)
class Counts:
    """Counts since the last report. In: from visitors to the target."""

    bytes_in: int = 0
    bytes_out: int = 0
    refused: int = 0  # by the gateway, when it was asked for the port
    bytes_used: int = 0  # of both directions, without connections that were brief
    last_byte_at: float = 0.0  # seconds since 1970

    def take(self) -> Counted:
        """Return the counts and set them back to zero."""
        taken = self.bytes_in, self.bytes_out, self.refused, self.bytes_used
        self.bytes_in = self.bytes_out = self.refused = self.bytes_used = 0
        return taken
