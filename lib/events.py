"""Hints for open pages that something changed: a kind and ids, over Redis, after the commit.

Nothing depends on a hint being heard. A page that hears none asks again by itself, so a Redis that is away is only logged.
"""

import json
import logging
import time
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import redis
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

from lib import seldom

log = logging.getLogger(__name__)
CONNECT_SECONDS = 0.5
PAUSE_SECONDS = 5.0  # after a failure, in which nothing is sent: an action must not wait for Redis again and again


def publish(kind: str, *ids: Any) -> None:
    """Send (kind, ids) once the open transaction has been committed; at once outside a transaction. Raises nothing."""
    sender = _sender(settings.REDIS_URL)
    if ids and sender:
        transaction.on_commit(partial(sender.send, kind, tuple(map(str, ids))), robust=True)


def channel(url: str) -> str:
    """Return the name under which hints are sent. Redis does not keep those of its databases apart."""
    return f"minga:{database(url)}:events"


def database(url: str) -> int:
    """Return the number of the database that a Redis address names."""
    number: int = parse_url(url).get("db", 0)  # type: ignore[no-untyped-call]
    return number


def read(message: bytes) -> Iterator[tuple[str, str]]:
    """Yield the (kind, id) of a message; of one that is not ours, none."""
    try:
        kind, *ids = json.loads(message)
    except (ValueError, TypeError):
        return
    yield from ((str(kind), str(one)) for one in ids)


class Sender:
    """A connection to Redis that is used again, and left alone for a moment when it fails."""

    def __init__(self, url: str) -> None:
        once = Retry(NoBackoff(), 0)
        limits = {"socket_connect_timeout": CONNECT_SECONDS, "socket_timeout": CONNECT_SECONDS}
        self.redis = redis.Redis.from_url(url, retry=once, **limits)
        self.channel = channel(url)
        self.silent_until = 0.0  # on the monotonic clock

    def send(self, kind: str, ids: tuple[str, ...]) -> None:
        if time.monotonic() < self.silent_until:
            return
        try:
            self.redis.publish(self.channel, json.dumps([kind, *ids]))
        except (redis.RedisError, OSError) as error:
            self.silent_until = time.monotonic() + PAUSE_SECONDS
            seldom.warning(log, "events", "hints for open pages are not sent: %s", error, memory=seldom.OWN)


@cache
def _sender(url: str) -> Sender | None:
    """Return None where the broker of the site is no Redis: nobody listens then."""
    try:
        return Sender(url)
    except ValueError:
        return None
