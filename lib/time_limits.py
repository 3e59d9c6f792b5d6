"""Wait for somebody else's server for so long and no longer, whatever its client library does with a name that does not resolve."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from typing import TypeVar

Answer = TypeVar("Answer")
MOST_AT_ONCE = 8  # threads that one server may keep busy; whoever comes then waits in line, within their own limit


class NoAnswerInTime(Exception):
    """The call has not ended. It goes on in its thread, and nobody hears its answer."""


class Waiters:
    """The calls to one server. One that hangs keeps its own threads, and no other server's."""

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix=name)

    def call(self, seconds: float, ask: Callable[[], Answer]) -> Answer:
        """Return what `ask` returns, which may use no database. Raises NoAnswerInTime, and whatever `ask` raises."""
        answer: Future[Answer] = self._threads.submit(ask)
        try:
            return answer.result(timeout=seconds)
        except NotInTime:
            if answer.done():  # its own
                raise
            answer.cancel()  # where it has not begun
            raise NoAnswerInTime from None
