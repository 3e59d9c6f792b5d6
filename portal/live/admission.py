"""The queue of visitors who want to connect: so many in any second, no more than can be looked up, fair by address, and left by whoever hangs up."""

import asyncio
from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address
from typing import Any

from portal.live import reading
from portal.live.entry import Refused

ENTRIES_A_SECOND = 50  # after a restart all come at once, and each entry asks the database
AT_ONCE, PAUSE = 4, 0.01  # visitors, and seconds until the next ones
MOST_WAIT_OF_AN_ADDRESS = 250  # a room behind one address has fewer
LONGEST_WAIT = 20.0  # seconds, for one's turn to enter
GIVE_UP = 2 * LONGEST_WAIT  # where the database answers more slowly than was thought
IPV6_NETWORK = 64  # bits; one line of a provider has all addresses of such a network
Turn = asyncio.Future[None]


class Admission:
    """Addresses take turns: a stranger with hundreds of visits in the queue delays others by a second at most, not by all of them."""

    def __init__(self) -> None:
        self.waiting: OrderedDict[str, deque[Turn]] = OrderedDict()  # the address whose turn is next comes first
        self._entered: deque[float] = deque(maxlen=ENTRIES_A_SECOND)  # when the last ones entered, on the loop's clock
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, address: str, receive: Any) -> None:
        """Wait for one's turn. Raises Refused where too many wait, and where the visitor hangs up meanwhile."""
        turn = self._join(source_of(address))
        leaving = asyncio.ensure_future(until_left(receive))
        try:
            await asyncio.wait((turn, leaving), timeout=GIVE_UP, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                raise Refused(499, "left")
            if not turn.done():
                raise Refused(503, "busy")
        finally:
            leaving.cancel()
            self._leave(source_of(address), turn)

    def _join(self, source: str) -> Turn:
        mine = len(self.waiting.get(source, ()))
        if mine >= MOST_WAIT_OF_AN_ADDRESS:
            raise Refused(429, "crowd")
        before = mine + sum(min(len(turns), mine + 1) for name, turns in self.waiting.items() if name != source)
        if before > LONGEST_WAIT * ENTRIES_A_SECOND:
            raise Refused(503, "busy")
        loop = asyncio.get_running_loop()
        turn: Turn = loop.create_future()
        self.waiting.setdefault(source, deque()).append(turn)
        if self._timer is None:
            self._timer = loop.call_at(self._next_at(), self._admit)
        return turn

    def _next_at(self) -> float:
        """Return when the next may enter, on the loop's clock: a second after the fiftieth before, or at once."""
        return self._entered[0] + 1 if len(self._entered) == ENTRIES_A_SECOND else 0.0

    def _leave(self, source: str, turn: Turn) -> None:
        """Give the place back of one who was not admitted."""
        if not turn.done() and turn in self.waiting.get(source, ()):
            self.waiting[source].remove(turn)
            if not self.waiting[source]:
                del self.waiting[source]

    def _admit(self) -> None:
        """Let in as many as may enter now, and come back while others wait."""
        loop = asyncio.get_running_loop()
        for _ in range(0 if reading.is_behind() else AT_ONCE):
            if self.waiting and self._next_at() <= loop.time():
                self._admit_next()
                self._entered.append(loop.time())
        again_at = max(self._next_at(), loop.time() + PAUSE)
        self._timer = loop.call_at(again_at, self._admit) if self.waiting else None

    def _admit_next(self) -> None:
        """Let in who is next, and put the others of the same address behind all other addresses."""
        source, turns = self.waiting.popitem(last=False)
        turns.popleft().set_result(None)
        if turns:
            self.waiting[source] = turns


def source_of(address: str) -> str:
    """Return what counts as one address: of IPv6 its network."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return str(known)
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(IPv6Address(int(known) >> (128 - IPV6_NETWORK) << (128 - IPV6_NETWORK)))


async def until_left(receive: Any) -> None:
    """Return when the visitor hangs up. Bodies and frames, which nobody sends at this time, are not kept."""
    while not (await receive())["type"].endswith(".disconnect"):
        pass
