"""Consoles of servers: what a guest has written, and the line on which one can answer it."""

from dataclasses import dataclass, field
from typing import Protocol

MOST_LOG_BYTES = 102_400  # of a console log: what Nova keeps of one


@dataclass(frozen=True, slots=True)
class SerialConsole:
    """A websocket that carries the bytes of a serial console both ways, for one reader at a time. Good for some minutes."""

    url: str
    ca: str = ""  # the file of the authority that signed its certificate, where the cloud has one of its own
    headers: dict[str, str] = field(default_factory=dict, hash=False, repr=False)  # to be sent with the handshake


class Consoles(Protocol):
    """`project`: the server's own. Accounts that have no right elsewhere sign in to it; all others leave it out."""

    def console_log(self, server_id: str, lines: int = 100, *, project: str = "") -> str:
        """Return the last lines of the guest's console, at most MOST_LOG_BYTES of them; '' while it has none."""

    def serial_console(self, server_id: str, *, project: str = "") -> SerialConsole | None:
        """Return a new way to the serial console; None where this cloud offers none, or the server does not run."""
