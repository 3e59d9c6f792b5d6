"""Workers, agent and cloud after the upgrade: the small world of the life cycle's tests, on the rows that there are."""

from typing import Any

from tests.machines.world import Clock
from tests.machines.world import World as LifeCycle
from tests.upgrade import cloud_of_before


class World(LifeCycle):
    """Makes nothing of its own."""

    def __init__(self, traveller: Any) -> None:
        self.clock, self.cloud = Clock(traveller), cloud_of_before.made()
        self.agent_works = True
        self.silent: set[str] = set()
