"""Servers that tests share. Some are always being built ahead, so that no test waits for a boot that another could have begun."""

import os
from collections.abc import Callable

from cloud.contract import Server, Status
from tests.openstack.openstack_stage import OpenStackStage, is_busy, until

AHEAD = 1 if "PYTEST_XDIST_WORKER" in os.environ else 0


class Pool:
    """Shared servers of one worker. `ahead`: how many are built beside the one that a test has."""

    def __init__(self, stage: OpenStackStage, ahead: int = AHEAD) -> None:
        self._stage, self._ahead = stage, ahead
        self._held: dict[str, Server] = {}  # by id; taken from the front

    def take(self, make: Callable[[], Server]) -> Server:
        """Wait for one that is active and idle; the test has it for itself. `make` asks for one more and does not wait for it."""

        def ready() -> Server | None:
            while len(self._held) <= self._ahead:
                self._hold(make())
            return self._rested()

        server = until(ready, "a shared server is active")
        self._let_go(server.id)
        return server

    def give_back(self, server: Server) -> None:
        """Put it to the front: one of the others may still be built. `take` sees whether it comes to rest as it was."""
        others, self._held = self._held, {}
        self._hold(server)
        self._held |= others

    def _hold(self, server: Server) -> None:
        self._held[server.id] = server
        self._stage.pooled.add(server.id)

    def _rested(self) -> Server | None:
        """The first that is active and idle. Those that a test left otherwise are dropped."""
        for held in list(self._held.values()):
            found = self._stage.find(held.id)
            if found is None or not _can_be_shared(held, found):
                self._let_go(held.id)
            elif not is_busy(found):
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
