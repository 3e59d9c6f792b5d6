"""Hints for open pages: sent after the commit, and never in the way of an action."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.db import transaction

from lib import events, seldom
from tests.waiting import PATIENCE

ONE, OTHER = str(uuid4()), str(uuid4())  # other workers of the tests send hints, too
LAST = b"that was all"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heard(settings: Any) -> Iterator[Any]:
    """Returns the (kind, id) of what has come. No failure of an earlier test is remembered: a new one shows in the log."""
    events._sender.cache_clear()
    seldom.OWN.clear()
    with redis.Redis.from_url(settings.REDIS_URL) as door, door.pubsub() as line:
        line.subscribe(events.channel(settings.REDIS_URL))
        line.get_message(timeout=PATIENCE)

        def read() -> list[tuple[str, str]]:
            """All that came before a word of ours."""
            door.publish(events.channel(settings.REDIS_URL), LAST)
            messages = iter(lambda: line.get_message(timeout=PATIENCE)["data"], LAST)
            return [hint for message in messages for hint in events.read(message) if hint[1] in (ONE, OTHER)]

        yield read


def test_a_hint_goes_out_after_the_commit(heard: Any) -> None:
    with transaction.atomic():
        events.publish("machine", ONE, OTHER)
        before = heard()
    assert (before, heard()) == ([], [("machine", ONE), ("machine", OTHER)])


def test_nothing_goes_out_of_what_was_rolled_back(heard: Any) -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        events.publish("machine", ONE)
        raise ZeroDivisionError
    assert heard() == []


def test_without_redis_nothing_fails_and_nobody_waits_twice(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "CONNECT_SECONDS", 0.5)  # tests are patient
    settings.REDIS_URL = "redis://:secret@192.0.2.1:1/0"  # nobody answers there
    began = time.monotonic()
    for number in range(100):
        events.publish("machine", number)
    assert time.monotonic() - began < 20  # if each waited it would be 50


def test_another_broker_hears_nothing(settings: Any) -> None:
    settings.REDIS_URL = "memory://localhost/"
    events.publish("machine", 1)


@pytest.mark.parametrize("message", [b"beat", b"3", b"{}", b"\xff", b"[]"])
def test_what_is_not_ours_says_nothing(message: bytes) -> None:
    assert list(events.read(message)) == []


def test_databases_of_one_redis_are_kept_apart() -> None:
    assert events.channel("redis://x/1") != events.channel("redis://x/2")
