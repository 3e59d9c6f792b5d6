"""The queue before the entry: its pace, whose turn is next, and who is sent away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from portal.live.admission import ENTRIES_A_SECOND, MOST_WAIT_OF_AN_ADDRESS, Admission
from portal.live.entry import Refused

Receive = Callable[[], Awaitable[dict[str, Any]]]


async def stays() -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


class Door:
    """An admission, the visits that wait before it, and the addresses in the order in which they entered."""

    def __init__(self) -> None:
        self.admission = Admission()
        self.visits: list[asyncio.Task[None]] = []
        self.entered: list[str] = []

    async def come(self, *addresses: str, receive: Receive = stays) -> None:
        for address in addresses:
            self.visits.append(asyncio.create_task(self._visit(address, receive)))
        await asyncio.sleep(0)

    async def _visit(self, address: str, receive: Receive) -> None:
        await self.admission.wait(address, receive)
        self.entered.append(address)

    async def refused(self, address: str) -> str:
        with pytest.raises(Refused) as refusal:
            await self.admission.wait(address, stays)
        return refusal.value.reason

    async def close(self) -> None:
        for visit in self.visits:
            visit.cancel()
        await asyncio.gather(*self.visits, return_exceptions=True)


async def test_fifty_come_in_in_any_second() -> None:
    """Fifty enter at once when it was quiet before, so that 500 pages need 9 s after a restart and not 10."""
    door, begun = Door(), asyncio.get_running_loop().time()
    await door.come(*["192.0.2.1"] * (ENTRIES_A_SECOND + 1))
    await asyncio.gather(*door.visits[:-1])
    assert not door.visits[-1].done()
    await door.visits[-1]
    assert asyncio.get_running_loop().time() - begun >= 1


async def test_addresses_take_turns() -> None:
    door = Door()
    await door.come(*["192.0.2.1"] * 4, "192.0.2.2", "192.0.2.3")
    await asyncio.gather(*door.visits)
    assert [address[-1] for address in door.entered] == ["1", "2", "3", "1", "1", "1"]


async def test_a_few_strangers_do_not_shut_the_entry() -> None:
    door = Door()
    for stranger in range(8):
        await door.come(*[f"192.0.2.{stranger}"] * MOST_WAIT_OF_AN_ADDRESS)
    await door.come("198.51.100.1")
    await asyncio.wait_for(door.visits[-1], 20)  # behind all of them it would be 40
    await door.close()


async def test_an_address_has_a_share_of_the_queue() -> None:
    door = Door()
    await door.come(*["192.0.2.1"] * (MOST_WAIT_OF_AN_ADDRESS + 1))
    assert await door.refused("192.0.2.1") == "crowd"
    await door.close()


async def test_the_addresses_of_one_ipv6_network_share_it() -> None:
    door = Door()
    await door.come(*(f"2001:db8::{number:x}" for number in range(MOST_WAIT_OF_AN_ADDRESS + 1)))
    assert await door.refused("2001:db8::ffff:1") == "crowd"
    await door.close()


async def test_who_would_wait_too_long_is_sent_away() -> None:
    door = Door()
    await door.come(*(f"10.0.{number // 250}.{number % 250}" for number in range(1002)))
    assert await door.refused("192.0.2.1") == "busy"
    await door.close()


async def test_who_hangs_up_gives_the_place_back() -> None:
    door = Door()

    async def leaves() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    await door.come("192.0.2.1")
    await door.come(*["192.0.2.1"] * MOST_WAIT_OF_AN_ADDRESS, receive=leaves)
    await asyncio.gather(*door.visits, return_exceptions=True)
    assert (door.entered, len(door.admission.waiting)) == (["192.0.2.1"], 0)


async def test_nothing_is_kept_of_visits_that_were_ended() -> None:
    door = Door()
    await door.come(*["192.0.2.1"] * 20, "192.0.2.2")
    await door.close()
    assert not door.admission.waiting
