"""FakeCloud: the contract in memory, for tests of what lies above it; and its cast, each member with one bad habit.

Work goes on only in `tick()` (one sub-step of every server) and `settle()` (all of it). `calls` records every call.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from cloud.contract import CloudBusy
from tests.cloud.fake_servers import FakeServers
from tests.cloud.fake_state import FLAVORS, HOST, Row

__all__ = ["FLAVORS", "HOST", "BrokenCloud", "FakeCloud", "FullCloud", "LosesReply", "LosesRequest", "Row", "SlowCloud"]


class FakeCloud(FakeServers):
    """A well-behaved cloud. Set `full` or `busy` to change its mood."""


class SlowCloud(FakeCloud):
    """A cloud in which every sub-step takes `patience` ticks."""

    def __init__(self, patience: int = 3) -> None:
        super().__init__()
        self.patience = patience
        self._ticks = 0

    def tick(self) -> None:
        self._ticks += 1
        if self._ticks % self.patience == 0:
            super().tick()


class FullCloud(FakeCloud):
    """A cloud without room, until a test sets `full = False`."""

    def __init__(self) -> None:
        super().__init__()
        self.full = True


class BrokenCloud(FakeCloud):
    """A cloud that does not answer, until a test sets `busy = False`."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = True


class LosesRequest(FakeCloud):
    """A cloud that each distinct `ensure_*` call does not reach `times` times; `lost` lists those calls."""

    def __init__(self, times: int = 1) -> None:
        super().__init__()
        self.times = times
        self.lost: list[tuple[str, ...]] = []

    @contextmanager
    def _call(self, verb: str, *args: str) -> Iterator[None]:
        self._lose(verb, *args)
        with super()._call(verb, *args):
            yield

    def _lose(self, verb: str, *args: str) -> None:
        call = (verb, *args)
        if verb.startswith("ensure_") and self.lost.count(call) < self.times:
            self.lost.append(call)
            raise CloudBusy("The connection was reset.")


class LosesReply(LosesRequest):
    """A cloud that does the work, then loses the reply, `times` times for each distinct `ensure_*` call."""

    @contextmanager
    def _call(self, verb: str, *args: str) -> Iterator[None]:
        with FakeCloud._call(self, verb, *args):
            yield
        self._lose(verb, *args)
