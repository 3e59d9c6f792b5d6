"""Beat, between two messages."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from portal.beat import Scheduler
from portal.celery import app as site

MESSAGES = 5


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    """A scheduler with one message each tenth of a second, and a broker in memory."""
    app = Celery(broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"often": {"task": "portal.nothing", "schedule": 0.1}}
    scheduler = Scheduler(app, schedule_filename=str(tmp_path / "schedule"))
    yield scheduler
    scheduler.close()
    app.close()


def test_it_is_what_beat_runs_with() -> None:
    assert site.conf.beat_scheduler == f"{Scheduler.__module__}:{Scheduler.__name__}"


def test_it_sleeps_until_a_message_is_due(scheduler: Scheduler) -> None:
    """Celery's own scheduler looks fifty times for each message."""
    began, looks = time.monotonic(), 0
    while scheduler.schedule["often"].total_run_count < MESSAGES:
        looks += 1
        time.sleep(max(0, scheduler.tick()))
    assert time.monotonic() - began > 0.1 * (MESSAGES - 1)
    assert looks <= 4 * MESSAGES
