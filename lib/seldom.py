"""Warnings that would repeat for as long as their cause lasts: logged at once, then less and less often.

The default memory is the site's cache in the database, so that the processes of a worker write one line and not one each. Warnings about
the database itself, or from a process that cannot reach it, use OWN: this process's memory.
"""

import re
import time
from dataclasses import dataclass, replace
from logging import INFO, WARNING, Logger

from django.core.cache import BaseCache, cache
from django.core.cache.backends.locmem import LocMemCache

FIRST_SECONDS, LONGEST_SECONDS = 60.0, 3600.0  # pause until the same is logged again: the first, and the longest
# Ids of requests and addresses in memory differ in each text of one and the same error.
_PASSING = re.compile(r"\breq-[0-9a-f-]+|\b0x[0-9a-f]+|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\d+")
OWN = LocMemCache("seldom", {})


@dataclass(frozen=True, slots=True)
class Written:
    """The last warning about one thing. Times are seconds since 1970, `pause` is in seconds."""

    gist: str
    since: float
    again_at: float
    pause: float


def warning(log: Logger, about: str, text: str, *values: object, memory: BaseCache = cache) -> None:
    """Log a warning, unless the last one with the same `about` said the same a short while ago."""
    _log(log, WARNING, about, text, values, memory)


def info(log: Logger, about: str, text: str, *values: object, memory: BaseCache = cache) -> None:
    """Log as `warning` does what is no fault, but what strangers could fill the log with."""
    _log(log, INFO, about, text, values, memory)


def _log(log: Logger, level: int, about: str, text: str, values: tuple[object, ...], memory: BaseCache) -> None:
    now, gist = time.time(), _PASSING.sub("#", text % values)
    before: Written | None = memory.get(_key(about))
    if before is None or before.gist != gist:
        log.log(level, text, *values)
        return _keep(memory, about, Written(gist, now, now + FIRST_SECONDS, FIRST_SECONDS))
    if now >= before.again_at:
        log.log(level, text + " (for %d minutes now)", *values, (now - before.since) // 60)
        pause = min(2 * before.pause, LONGEST_SECONDS)
        _keep(memory, about, replace(before, again_at=now + pause, pause=pause))


def over(log: Logger, about: str, text: str, *, memory: BaseCache = cache) -> None:
    """Log that the cause is gone, if there was a warning."""
    if memory.delete(_key(about)):
        log.info(text)


def _key(about: str) -> str:
    return "seldom:" + about.replace(" ", "-")


def _keep(memory: BaseCache, about: str, written: Written) -> None:
    """Remember a warning for two pauses. A cause that comes back later counts as a new one."""
    memory.set(_key(about), written, timeout=2 * written.pause)
