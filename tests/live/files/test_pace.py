"""The pace of bodies: slow lines are waited for, and a byte now and then is not."""

import asyncio
from typing import Any

import pytest

from machines.guest_files.file_faults import FileFault
from portal.live.files import file_answers, file_bodies
from portal.live.files.file_answers import Answering
from portal.live.files.file_bodies import Body
from portal.live.files.pace import LEAST, Pace


def sender(part: int, parts: int) -> Any:
    """Return what receives so many parts of a body, each of so many bytes."""
    left = parts

    async def receive() -> dict[str, Any]:
        nonlocal left
        await asyncio.sleep(0.01)
        left -= 1
        return {"type": "http.request", "body": b"x" * part, "more_body": left > 0}

    return receive


async def size_of(body: Body) -> int:
    return sum([len(part) async for part in body])


async def test_a_byte_now_and_then_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_bodies, "BODY_SECONDS", 0.2)
    with pytest.raises(FileFault, match="slow"):
        await size_of(Body(sender(1, 1000)))


async def test_a_slow_line_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_bodies, "BODY_SECONDS", 0.5)
    assert await size_of(Body(sender(8192, 60))) == 60 * 8192  # for longer than the longest pause


def test_what_moves_wins_time_back_up_to_the_longest_pause() -> None:
    pace = Pace(60)
    pace.left = 1.0
    pace.moved(round(LEAST))
    assert pace.left == 2.0
    pace.moved(10**9)
    assert pace.left == 60.0


async def test_a_reader_who_takes_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_answers, "READER_SECONDS", 0.05)

    async def takes_nothing(_message: Any) -> None:
        await asyncio.Event().wait()

    answer = Answering(takes_nothing, "1")
    with pytest.raises(FileFault, match="slow"):
        await answer.go_on(b"x", more=False)
    assert not answer.is_complete  # so that the connection is cut
