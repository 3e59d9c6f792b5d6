"""The contract of hosts that are emptied or die, on the real cloud with two further hosts. Its own host takes no servers meanwhile."""

from collections.abc import Iterator

import pytest

from tests.cloud.local_stage import insist
from tests.cloud.test_contract_dead_hosts import *  # noqa: F403
from tests.openstack.openstack_stage import OpenStackStage
from tests.openstack.spare_hosts import SpareHost

pytestmark = [pytest.mark.alone, pytest.mark.xdist_group("hosts")]
SPARE = ("spare-1", "spare-2")


class SeveralHosts(OpenStackStage):
    """A stage whose servers are on spare hosts, which can be killed."""

    def __init__(self) -> None:
        super().__init__()
        self._own = self.spare_host
        self._spare = {name: SpareHost(self, name) for name in SPARE}

    def open(self) -> None:
        for host in self._spare.values():
            host.start()
        insist(self.cloud.set_host_enabled, self._own, False, "tests of several hosts")

    def close(self) -> None:
        insist(self.cloud.set_host_enabled, self._own, True)
        self.sweep()
        for host in self._spare.values():
            host.remove()

    def kill_host(self, name: str) -> None:
        self._spare[name].kill()

    def start_host(self, name: str) -> None:
        self._spare[name].start()

    def tidy(self) -> None:
        """Delete what a test left, and have both hosts take servers again."""
        super().tidy()
        self.settle()
        for host in self._spare.values():
            host.heal()


@pytest.fixture(scope="module")
def stage() -> Iterator[SeveralHosts]:
    made = SeveralHosts()
    try:
        made.open()
        yield made
    finally:
        made.close()
