"""Count what went wrong and was survived, for the portal, and log it without flooding the log.

Visitors can provoke any of it a thousand times a second, so each kind is written at once and then at most once a minute.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, cast

from tunnels.agent.protocol import FAULTS, LINKS_LOST, MISHAPS, TURNED_AWAY

log = logging.getLogger("agent")
QUIET_SECONDS = 60.0  # between two lines of one kind
MOST_KINDS = 1000  # that are remembered; each port has a few
C = TypeVar("C", bound=Callable[..., Any])


@dataclass
class Mishaps:
    """Counts since the last report. One object serves the whole agent."""

    counts: Counter[str] = field(default_factory=Counter)
    _kinds: dict[tuple[str, str], "_Kind"] = field(default_factory=dict)

    def fault(self, doing: str, error: BaseException) -> None:
        """Count an exception that ended one pair of sockets, or one attempt."""
        self.counts[FAULTS] += 1
        kind = type(error).__name__
        # An OSError comes from the network; anything else is a mistake of ours, whose trace is wanted.
        trace = None if isinstance(error, OSError) else error
        self._write((doing, kind), f"{doing}: {kind}: {error}", trace)

    def turn_away(self, why: str) -> None:
        """Count a visitor who was refused because there were too many."""
        self.counts[TURNED_AWAY] += 1
        self._write((TURNED_AWAY, why), f"a visitor was turned away: {why}", None)

    def lose_link(self) -> None:
        self.counts[LINKS_LOST] += 1

    def take(self) -> dict[str, int]:
        """Return the counts and set them back to zero."""
        taken = {name: self.counts[name] for name in MISHAPS}
        self.counts.clear()
        return taken

    def stray(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handle what asyncio could not hand to anybody: the exception handler of the loop."""
        error = context.get("exception") or RuntimeError(context["message"])
        self.fault(str(context["message"]).partition(" <")[0], error)

    def _write(self, key: tuple[str, str], text: str, error: BaseException | None) -> None:
        now = time.monotonic()
        if key not in self._kinds and len(self._kinds) >= MOST_KINDS:
            self._kinds.clear()
        kind = self._kinds.setdefault(key, _Kind())
        kind.unsaid += 1
        if now < kind.again_at:
            return
        more = f" ({kind.unsaid} times since the last such line)" if kind.unsaid > 1 else ""
        # The first trace of a kind is enough.
        log.warning("%s%s", text, more, exc_info=error if kind.again_at == 0 else None)
        kind.unsaid, kind.again_at = 0, now + QUIET_SECONDS


@dataclass(slots=True)
class _Kind:
    unsaid: int = 0
    again_at: float = 0.0  # time.monotonic()


def guarded(callback: C) -> C:
    """Let no exception out of a callback: asyncssh would end the connection on it that all visitors share.

    The callback's object must have `fail(doing, error)`.
    """

    @wraps(callback)
    def call(end: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return callback(end, *args, **kwargs)
        except Exception as error:
            end.fail(f"{type(end).__name__}.{callback.__name__}", error)
            return None  # which asyncio and asyncssh take for "nothing to say"

    return cast("C", call)
