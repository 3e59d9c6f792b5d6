"""The hub by itself: gaps, blindness, slow readers, and who has too many connections."""

import asyncio
from typing import Any

import pytest

from accounts.models import User
from portal.live import hub as hubs
from portal.live import rights_watch
from portal.live.entry import Entry, Refused
from portal.live.hub import Hub
from portal.live.stream import MOST_WAITING, Message, Stream
from tests.waiting import PATIENCE, happens


class Reader:
    """A browser; `goes_on`: whether it takes what is sent."""

    def __init__(self, pk: int = 1) -> None:
        self.entry = Entry(User(pk=pk, username=f"p{pk}"), "session", "key", "proof")
        self.got: list[Message] = []
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def deliver(self, messages: list[Message], why: str) -> None:
        await self.goes_on.wait()
        self.got += messages

    @property
    def names(self) -> list[str]:
        return [f"{message.name} {message.data}".strip() for message in self.got]


async def opened(hub: Hub, reader: Reader) -> Stream:
    stream = await hub.open(reader.entry, reader.deliver)
    await stream.settle()
    return stream


async def test_while_redis_is_away_pages_are_told_to_ask() -> None:
    hub, reader = Hub(), Reader()
    hub.begin_hearing()
    stream = await opened(hub, reader)
    hub.stop_hearing()
    await stream.settle()
    hub.begin_hearing()
    await stream.settle()
    assert reader.names == ["state live", "gap", "state blind", "state live", "gap"]


async def test_who_reads_too_slowly_gets_a_gap_and_costs_no_more() -> None:
    hub, reader = Hub(), Reader()
    stream = await opened(hub, reader)
    reader.goes_on.clear()
    for number in range(10 * MOST_WAITING):
        stream.push(Message("change", f"machine {number}"))
        await asyncio.sleep(0)
    assert len(stream._waiting) <= MOST_WAITING
    reader.goes_on.set()
    await stream.settle()
    assert "gap" in reader.names[2:]


async def test_after_its_end_nothing_is_sent() -> None:
    hub, reader = Hub(), Reader()
    stream = await opened(hub, reader)
    stream.push(Message("change", "machine 1"))
    stream.end("rights")
    stream.push(Message("change", "machine 2"))
    await stream.settle()
    assert reader.names[2:] == ["bye rights"]


async def test_who_has_twenty_takes_no_turn() -> None:
    hub, reader = Hub(), Reader()
    for _ in range(hubs.MOST_OF_A_PERSON):
        await opened(hub, reader)
    visit = {"type": "http", "path": "/live/events", "headers": [(b"cookie", b"sessionid=key")], "client": None}
    with pytest.raises(Refused) as refusal:
        await hub.take_turn(visit, None)
    assert refusal.value.reason == "too_many"


async def test_changes_that_cannot_be_looked_up_are_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(*_values: Any) -> Any:
        raise TimeoutError

    monkeypatch.setattr(hubs, "read", read)
    hub, reader = Hub(), Reader()
    stream = await opened(hub, reader)
    hub.hear([("machine", "1")])
    await happens(lambda: reader.names[2:])
    await stream.settle()
    assert reader.names[2:] == ["gap"]


async def test_rights_that_nobody_can_look_at_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(*_values: Any) -> Any:
        raise TimeoutError

    monkeypatch.setattr(hubs, "read_rights", read)
    monkeypatch.setattr(rights_watch, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(rights_watch, "UNSURE_SECONDS", 0.05)
    hub, reader = Hub(), Reader()
    stream = await opened(hub, reader)
    guard = asyncio.create_task(hub.guard())
    await happens(lambda: stream.ended)
    await stream.settle()
    guard.cancel()
    assert (stream.ended, reader.names[-1]) == ("unsure", "bye unsure")


async def test_rights_are_looked_at_without_waiting_when_a_person_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    hub, reader = Hub(), Reader()
    monkeypatch.setattr(rights_watch, "CHECK_SECONDS", 3600)
    looked = asyncio.Event()

    async def nobody_may(_read: Any, *_entries: Any) -> dict[int, User]:
        looked.set()
        return {}

    stream = await opened(hub, reader)
    monkeypatch.setattr(hubs, "read_rights", nobody_may)
    guard = asyncio.create_task(hub.guard())
    hub.hear([("person", "1")])
    await asyncio.wait_for(looked.wait(), PATIENCE)
    await stream.settle()
    guard.cancel()
    assert stream.ended == "rights"


async def test_who_has_other_roles_reloads_all_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    hub, reader = Hub(), Reader()
    stream = await opened(hub, reader)

    async def demoted(_read: Any, entries: list[Entry]) -> dict[int, User]:
        return {0: User(pk=1, username="p1", roles=["student", "teacher"])}

    monkeypatch.setattr(hubs, "read_rights", demoted)
    for _twice in range(2):
        await hub._check()
        await stream.settle()
    assert (reader.names[2:], stream.ended) == (["gap"], "")
