"""Times at which a live process reports the use of its terminals: soon after a quiet time, and again until it must have been written."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from portal.live.terminals import use_reports
from portal.live.terminals.open_terminals import OpenTerminals
from tests.waiting import PATIENCE, happens

MACHINE = uuid4()
Reports = list[dict[UUID, datetime]]


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> Reports:
    """Use that was reported, as the idle rules would hear it."""
    heard: Reports = []

    async def read(_hear: Any, _reporter: Any, _open: Any, used: dict[UUID, datetime], _now: datetime) -> None:
        heard.append(used)

    monkeypatch.setattr(use_reports, "read", read)
    monkeypatch.setattr(use_reports, "SOON", 0.01)
    return heard


@contextlib.asynccontextmanager
async def reporting() -> AsyncIterator[OpenTerminals]:
    terminals = OpenTerminals(None, Counter(), None)  # type: ignore[arg-type]
    task = asyncio.create_task(use_reports.report(terminals))
    try:
        yield terminals
    finally:
        task.cancel()


async def test_use_after_a_quiet_time_is_reported_at_once(monkeypatch: pytest.MonkeyPatch, reports: Reports) -> None:
    monkeypatch.setattr(use_reports, "SECONDS", 10 * PATIENCE)
    async with reporting() as terminals:
        await happens(lambda: reports)
        terminals._note_use(MACHINE)
        await happens(lambda: len(reports) == 2)
    assert list(reports[-1]) == [MACHINE]


async def test_use_is_reported_again_for_not_each_report_is_written(
    monkeypatch: pytest.MonkeyPatch, reports: Reports
) -> None:
    monkeypatch.setattr(use_reports, "SECONDS", 0.01)
    async with reporting() as terminals:
        terminals._note_use(MACHINE)
        await happens(lambda: len(reports) >= 3)
    assert [list(used) for used in reports[:3]] == [[MACHINE]] * 3


async def test_use_of_long_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch, reports: Reports) -> None:
    monkeypatch.setattr(use_reports, "SECONDS", 0.01)
    monkeypatch.setattr(use_reports, "LATELY", timedelta(0))
    async with reporting() as terminals:
        terminals._note_use(MACHINE)
        await happens(lambda: reports and not reports[-1])
        assert terminals.used_at == {}
    assert list(reports[0]) == [MACHINE]
