"""Ask something that may hang, in a thread of its own, and never twice at once."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """A question that may hang, asked in a thread of its own.

    While one is open no second one is asked: threads do not pile up, and a flood of probes costs one question at a time.

    The drivers' time-outs alone would not do: libpq's connect_timeout is two seconds at least, statement_timeout is kept by a server
    that may be the one that hangs, and nothing bounds the look-up of a host's name.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask, self._lock = ask, Lock()
        self._open: Future[T] | None = None

    def begin(self) -> "Future[T]":
        with self._lock:
            if self._open is None or self._open.done():
                self._open = Future()
                Thread(target=self._run, args=(self._open,), daemon=True).start()
            return self._open

    def _run(self, answer: "Future[T]") -> None:
        try:
            answer.set_result(self._ask())
        except BaseException as error:  # whatever it is, it is the answer
            answer.set_exception(error)
