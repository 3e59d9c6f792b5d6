"""Limit the visitors at a port, from one address, and in all: nobody takes so many places that others find none."""

import contextlib
import ipaddress
import resource
from collections import Counter
from dataclasses import dataclass, field

from tunnels.agent.protocol import read_address

WANTED_FILES = 65_536  # open at once; a visitor costs one
KEPT_FILES = 384  # for the portal, the gateway, probes, the log, and two for each dialed connection
MOST_AT_A_PORT = 1024
MOST_OF_ONE_AT_A_PORT = 256  # forty students behind one address open a page with six connections each
SHARE_OF_ONE = 4  # one address has at most a quarter of all places


def raise_limit() -> int:
    """Let this process have as many open files as it may, or as it wants. Returns how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return WANTED_FILES
    wish = WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, WANTED_FILES)
    if soft < wish:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wish, hard))
            return wish
    return soft


def home_of(address: str) -> str:
    """Return what counts as one visitor: an address, of IPv6 its /64, which one household or one server has."""
    try:
        visitor = read_address(address)
    except ValueError:
        return address
    return str(visitor if visitor.version == 4 else ipaddress.ip_network((int(visitor), 64), strict=False))


@dataclass
class Places:
    """Places for visitors: of one port (`within` those of the agent), or of the whole agent."""

    most: int = MOST_AT_A_PORT
    most_of_one: int = MOST_OF_ONE_AT_A_PORT
    where: str = "at the port"
    within: "Places | None" = None
    by_home: Counter[str] = field(default_factory=Counter)  # places taken, by home_of() the visitor
    taken: int = 0

    @classmethod
    def of_files(cls, files: int) -> "Places":
        """Make the places of an agent. A small limit keeps at least half of its files for visitors."""
        most = max(files - KEPT_FILES, files // 2)
        return cls(most, max(1, most // SHARE_OF_ONE), "in all (LimitNOFILE)")

    def why_not(self, home: str) -> str:
        """Return why this visitor finds no place; '' when there is one."""
        if self.taken >= self.most:
            return f"{self.taken} connections are open {self.where}"
        if self.by_home[home] >= self.most_of_one:
            return f"one address has {self.by_home[home]} connections {self.where}"
        return self.within.why_not(home) if self.within else ""

    def enter(self, home: str) -> None:
        self._add(home, 1)

    def leave(self, home: str) -> None:
        self._add(home, -1)

    def _add(self, home: str, places: int) -> None:
        self.taken += places
        self.by_home[home] += places
        if not self.by_home[home]:
            del self.by_home[home]
        if self.within:
            self.within._add(home, places)
