"""How many visitors fit: at a port, from one address, and in all. Nobody takes so many places that others find none."""

import contextlib
import ipaddress
import resource
from collections import Counter
from dataclasses import dataclass, field

WANTED_FILES = 65_536  # open at once; a visitor costs one
KEPT_FILES = 128  # for the portal, the gateway, probes and the log
MOST_AT_A_PORT = 1024
MOST_OF_ONE_AT_A_PORT = 256  # forty students behind one address open a page with six connections each
SHARE_OF_ONE = 4  # one address has at most a quarter of all places


def raise_limit() -> int:
    """Let this process have as many open files as it may, or as it wants. Returns how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wish = WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, WANTED_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wish:
        return WANTED_FILES if soft == resource.RLIM_INFINITY else soft
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wish, hard))
        return wish
    return soft


def home_of(address: str) -> str:
    """Return what counts as one visitor: an address, of IPv6 its /64, which one household or one server has."""
    try:
        visitor = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(visitor, ipaddress.IPv6Address):
        if visitor.ipv4_mapped:
            return str(visitor.ipv4_mapped)
        return str(ipaddress.ip_network((int(visitor), 64), strict=False))
    return str(visitor)


@dataclass
class Places:
    """Places for visitors: of one port (`within` those of the agent), or of the whole agent."""

    most: int = MOST_AT_A_PORT
    most_of_one: int = MOST_OF_ONE_AT_A_PORT
    where: str = "at the port"
    within: "Places | None" = None
    taken: int = 0
    by_home: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of_files(cls, files: int) -> "Places":
        """Make the places of an agent. A small limit keeps at least half of its files for visitors."""
        most = max(files - KEPT_FILES, files // 2)
        return cls(most, max(1, most // SHARE_OF_ONE), "in all (LimitNOFILE)")

    def why_not(self, home: str) -> str:
        """Return why this visitor finds no place; '' when there is one."""
        if self.taken >= self.most:
            return f"{self.taken} connections are open {self.where}"
        if self.by_home.get(home, 0) >= self.most_of_one:
            return f"one address has {self.by_home[home]} connections {self.where}"
        return self.within.why_not(home) if self.within else ""

    def enter(self, home: str) -> None:
        self.taken += 1
        self.by_home[home] += 1
        if self.within:
            self.within.enter(home)

    def leave(self, home: str) -> None:
        self.taken -= 1
        self.by_home[home] -= 1
        if self.by_home[home] <= 0:
            del self.by_home[home]
        if self.within:
            self.within.leave(home)
