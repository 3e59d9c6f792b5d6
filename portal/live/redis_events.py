"""Changes from Redis, for as long as it answers; and a sign there that this process lives, for /readyz of web."""

import asyncio
import logging
import os
from time import monotonic
from typing import Any

import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from lib import events, seldom
from portal.live import ending
from portal.live.hub import Hub
from portal.ops import live_heartbeat

log = logging.getLogger("portal.live")
NAME = f"minga-live-{os.getpid()}"  # in Redis' list of its clients
BEAT = b"beat"
BEAT_SECONDS = 4.0
DEAF_SECONDS = 10.0  # without hearing even our own beat
AGAIN_SECONDS = 1.0


async def follow(hub: Hub) -> None:
    """Pass on what Redis tells, for ever. While it does not, the hub is blind."""
    while True:
        try:
            await _listen(hub)
        except (RedisError, OSError) as error:  # TimeoutError is one
            seldom.warning(log, "news", "no changes from Redis: %r", error, memory=seldom.OWN)
        hub.stop_hearing()
        await asyncio.sleep(AGAIN_SECONDS)


async def _listen(hub: Hub) -> None:
    # No tries of its own: it would come back by itself, and nobody would learn of what it missed.
    how: dict[str, Any] = {
        "socket_connect_timeout": 2,
        "socket_timeout": 5,
        "retry": Retry(NoBackoff(), 0),
        "client_name": NAME,
    }
    async with redis.asyncio.Redis.from_url(settings.REDIS_URL, **how) as client, client.pubsub() as line:
        name = events.channel(settings.REDIS_URL)
        await line.subscribe(name)
        beating = asyncio.create_task(_beat(client, name))
        try:
            await _hear(hub, line)
        finally:
            await ending.end([beating], again_after=0.1)


async def _beat(client: Any, name: str) -> None:
    while True:
        await client.set(live_heartbeat.key(settings.REDIS_URL), 1, ex=int(live_heartbeat.SECONDS))
        await client.publish(name, BEAT)
        await asyncio.sleep(BEAT_SECONDS)


async def _hear(hub: Hub, line: Any) -> None:
    """Pass on messages of the line. Raises TimeoutError when it is silent for too long."""
    heard_at = monotonic()
    while monotonic() - heard_at < DEAF_SECONDS:
        message = await line.get_message(timeout=BEAT_SECONDS)
        if message is None:
            continue
        heard_at = monotonic()
        if message["type"] == "subscribe":
            seldom.over(log, "news", "changes come from Redis again", memory=seldom.OWN)
            hub.begin_hearing()
        elif message["type"] == "message" and message["data"] != BEAT:
            hub.hear(list(events.read(message["data"])))
    raise TimeoutError("it is silent")
