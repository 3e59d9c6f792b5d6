"""Servers that tests share. Some are always being built ahead, so that no test waits for a boot that another could have begun."""

import os
from collections.abc import Callable

from cloud.contract import Server, Status
from tests.openstack.openstack_stage import OpenStackStage, is_busy, until

AHEAD = 1 if "PYTEST_XDIST_WORKER" in os.environ else 0  # beside the one that a test has


class Pool:
    """The shared servers of one worker."""

    def __init__(self, stage: OpenStackStage) -> None:
        self._stage = stage
        self._held: dict[str, Server] = {}  # by id; taken from the front
        self._used: set[str] = set()  # those that a test had before

    def take(self, make: Callable[[], Server], *, fresh: bool = False) -> Server:
        """Wait for one that is active and idle; the test has it for itself. `make` asks for one more and does not wait for it.

        fresh: no test had it before.
        """

        def ready() -> Server | None:
            while self._lacks(fresh):
                self._hold(make())
            return self._rested(fresh)

        server = until(ready, "a shared server is active")
        self._let_go(server.id)
        return server

    def give_back(self, server: Server) -> None:
        """Put it to the front: a guest that still boots does not hear a stop. `take` sees whether it comes to rest as it was."""
        others, self._held = self._held, {}
        self._hold(server)
        self._held |= others
        self._used.add(server.id)

    def _lacks(self, fresh: bool) -> bool:
        return len(self._held) <= AHEAD or (fresh and not self._held.keys() - self._used)

    def _hold(self, server: Server) -> None:
        self._held[server.id] = server
        self._stage.pooled.add(server.id)

    def _rested(self, fresh: bool) -> Server | None:
        """The first that is active and idle. Those that a test left otherwise are dropped."""
        for held in list(self._held.values()):
            found = self._stage.find(held.id)
            if found is None or not _can_be_shared(held, found):
                self._let_go(held.id)
            elif not is_busy(found) and not (fresh and held.id in self._used):
                return found
        return None

    def _let_go(self, server_id: str) -> None:
        """Give it to a test: from now on `stage.tidy` deletes what the test leaves."""
        self._held.pop(server_id)
        self._stage.pooled.discard(server_id)


def _can_be_shared(held: Server, found: Server) -> bool:
    """Return whether the server is as it was, or on its way there."""
    is_coming = is_busy(found) and found.task != "deleting"
    return found.owner == held.owner and (found.status == Status.ACTIVE or is_coming)
