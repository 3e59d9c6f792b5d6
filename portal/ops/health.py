"""Is the site fit to work? What it stands on, part by part, each within a time that a prober waits.

Without its database or Redis the site can do nothing for anybody: `failed`. A silent cloud or agent leaves the pages, the wishes
and all running machines as they are, and another copy of the site would see the same silence: only `degraded`.
"""

import logging
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from datetime import datetime
from time import monotonic, perf_counter
from typing import Any, TypeVar

import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts import failures
from accounts.notices import outbox
from cloud import open_disks
from lib import seldom
from machines.models import CloudWatch
from nodes.printing import fonts
from portal.ops import live_heartbeat
from portal.ops.cloud_silence import Silence, silence_of
from portal.ops.database_disk import DatabaseDisk
from portal.ops.single_flight import SingleFlight
from tunnels.models import Gateway

log = logging.getLogger(__name__)
LIMIT_SECONDS = 1.8  # for everything: a prober often gives up after two
FAILS_TOLD = 3  # times that a row fails in a row before it is told here: once may be bad luck
FREE_BYTES = 10_000_000  # for temporary files: a few bodies of requests; compose gives web 64 MB in all
OK, DEGRADED, FAILED = "ok", "degraded", "failed"
LINK_FAULTS = {
    "unknown_name": _("its name is not known"),
    "unreachable": _("it does not answer"),
    "host_key": _("it shows another host key"),
    "denied": _("it does not let the agent in"),
    "other": _("the agent's log says why"),
}
_SILENCE = {
    Silence.NONE: "",
    Silence.NEVER: "never listed yet: do the worker and beat run, and does the cloud answer?",
    Silence.FAILED: "the last list failed: the cloud does not answer",
    Silence.NOBODY: "nobody lists: do the worker and beat run?",
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """`seconds`: how long it took to answer (database, redis), how old its last sign of life is (cloud, agents), or for how long
    the oldest has failed (rows)."""

    state: str
    seconds: float | None = None
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        seconds = None if self.seconds is None else round(self.seconds, 3)
        return {k: v for k, v in (asdict(self) | {"seconds": seconds}).items() if k != "why" or v}


@dataclass(frozen=True, slots=True)
class DatabaseAnswer:
    """The rows that readiness is judged by, and after how many seconds they came."""

    seconds: float
    watch: CloudWatch | None
    gateways: Sequence[Gateway]
    failing: Mapping[str, int] = field(default_factory=dict)  # rows that keep failing, by loop
    failing_since: datetime | None = None
    disk_is_full: bool = False
    mails_since: datetime | None = None  # since when none of the mails that wait could be sent


def _ask_database() -> DatabaseAnswer:
    began = perf_counter()
    try:
        watch, gateways = CloudWatch.objects.filter(pk=1).first(), list(Gateway.objects.enabled())
        now = timezone.now()
        failing, since = failures.counts(now, least=FAILS_TOLD), failures.oldest(now, least=FAILS_TOLD)
        mails = outbox.failing_since(now)
        return DatabaseAnswer(perf_counter() - began, watch, gateways, failing, since, _disk.is_full(), mails)
    finally:
        connection.close()  # this thread's own


def _ask_redis() -> float:
    began = perf_counter()
    with _open_redis() as client:
        client.ping()
    return perf_counter() - began


def _open_redis() -> "redis.Redis":
    times = {"socket_connect_timeout": LIMIT_SECONDS, "socket_timeout": LIMIT_SECONDS}
    return redis.Redis.from_url(settings.REDIS_URL, retry=Retry(NoBackoff(), 0), **times)


def _ask_live() -> float:
    """Look for the sign that a live process leaves in Redis every few seconds."""
    began = perf_counter()
    with _open_redis() as client:
        if not client.exists(live_heartbeat.key(settings.REDIS_URL)):
            raise TimeoutError("no live process has been heard lately")
    return perf_counter() - began


def _ask_disks() -> float:
    began = perf_counter()
    if not open_disks().is_there(LIMIT_SECONDS):
        raise TimeoutError(f"nobody answers at {settings.DISKS_SOCKET}")
    return perf_counter() - began


_disk = DatabaseDisk()
_database, _redis = SingleFlight(_ask_database), SingleFlight(_ask_redis)
_disks, _live = SingleFlight(_ask_disks), SingleFlight(_ask_live)


def readiness() -> tuple[str, dict[str, Part]]:
    """Return the state of the whole, and of each part."""
    until = monotonic() + LIMIT_SECONDS
    # All are asked before the first is waited for.
    asked = _database.begin(), _redis.begin(), _disks.begin(), _live.begin()
    rows_read, redis_seconds = _answer("database", asked[0], until), _answer("redis", asked[1], until)
    disks_seconds, live_seconds = _answer("disks", asked[2], until), _answer("live", asked[3], until)
    parts = {
        "database": rows_read if isinstance(rows_read, Part) else database(rows_read),
        "redis": redis_seconds if isinstance(redis_seconds, Part) else Part(OK, redis_seconds),
        "disk": disk(tempfile.gettempdir(), "temporary files"),
        "files": disk(settings.FILES_DIR, "photos"),
        **_from_rows(rows_read, timezone.now()),
        "disks": disks(disks_seconds),
        "live": live(live_seconds),
        "printing": printing(),
    }
    return worst(parts), parts


def database(answer: DatabaseAnswer) -> Part:
    """Check that the database answers and has room to write: without that nobody can sign in or ask for anything."""
    if not answer.disk_is_full:
        return Part(OK, answer.seconds)
    seldom.warning(log, "database disk", "the disk of the database is full", memory=seldom.OWN)
    return Part(FAILED, answer.seconds, "its disk is full")


def disk(folder: str, what: str) -> Part:
    """Check that this process may write into a folder that has room: its temporary files (larger bodies, downloads), people's photos."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Part(DEGRADED, why=f"no folder for {what}: {type(error).__name__}")
    if not os.access(folder, os.W_OK):
        return Part(DEGRADED, why=f"the folder for {what} cannot be written")
    return Part(OK) if free >= FREE_BYTES else Part(DEGRADED, why=f"no room for {what}")


def printing() -> Part:
    """Look for the fonts of labels and receipts, which are fetched with the front-end libraries."""
    names = ", ".join(fonts.missing())
    return Part(DEGRADED, why=f"nothing can be printed, {names} missing: {fonts.HOW_TO_GET}") if names else Part(OK)


def disks(took: float | Part) -> Part:
    """Check the process that reads disks for web. Without it nothing can be downloaded, and all else goes on."""
    if isinstance(took, Part):
        return Part(DEGRADED, why="no disk can be downloaded: the process that reads them does not answer")
    return Part(OK, took)


def live(took: float | Part) -> Part:
    """Check the process that carries terminals, and tells open pages of changes. Without it they ask every few seconds, as without Redis."""
    if isinstance(took, Part):
        why = "open pages ask by themselves, and machines with an open terminal stay awake: no live process has been heard lately"
        return Part(DEGRADED, why=why)
    return Part(OK, took)


def _from_rows(answer: DatabaseAnswer | Part, now: datetime) -> dict[str, Part]:
    if isinstance(answer, Part):
        unknown = Part(DEGRADED, why="not known without the database")
        return {"cloud": unknown, "agents": unknown, "rows": unknown, "mails": unknown}
    return {
        "cloud": cloud(answer.watch, now),
        "agents": agents(answer.gateways, now),
        "rows": rows(answer, now),
        "mails": mails(answer, now),
    }


def _answer(name: str, asked: "Future[T]", until: float) -> T | Part:
    """Return the part's answer; a failed part where there is none. The reason's words are for the log: anybody may ask here."""
    try:
        return asked.result(max(0.0, until - monotonic()))
    except TimeoutError:
        seldom.warning(log, name, "%s: no answer within %s s", name, LIMIT_SECONDS, memory=seldom.OWN)
        return Part(FAILED, why=f"no answer within {LIMIT_SECONDS} s")
    except Exception as error:
        seldom.warning(log, name, "%s: %s: %s", name, type(error).__name__, error, memory=seldom.OWN)
        return Part(FAILED, why=type(error).__name__)


def cloud(watch: CloudWatch | None, now: datetime) -> Part:
    """Judge the cloud by the age of the last list that worked; nothing is asked of the cloud itself."""
    age = (now - watch.listed_at).total_seconds() if watch and watch.listed_at else None
    why = _SILENCE[silence_of(watch, now)]
    return Part(DEGRADED if why else OK, age, why)


def agents(gateways: Sequence[Gateway], now: datetime) -> Part:
    """Check that each enabled gateway's agent is heard and connected to it; tell the longest silence. No names: anybody may ask here."""
    if not gateways:
        return Part(DEGRADED, why="no gateway is enabled")
    ages = [(now - g.heard_at).total_seconds() for g in gateways if g.heard_at]
    silent = sum(not g.is_heard(now) for g in gateways)
    cut = Counter(LINK_FAULTS[state] for g in gateways if (state := g.link_state(now)) in LINK_FAULTS)
    counts = [
        (silent, "not heard"),
        *((number, f"not connected to its gateway ({reason})") for reason, number in sorted(cut.items())),
    ]
    crowded = sum(g.is_crowded(now) for g in gateways)
    counts.append((crowded, "turned visitors away lately, for lack of room (the agent's log says where)"))
    why = "; ".join(f"{number} of {len(gateways)} {what}" for number, what in counts if number)
    return Part(DEGRADED if why else OK, max(ages) if len(ages) == len(gateways) else None, why)


def rows(answer: DatabaseAnswer, now: datetime) -> Part:
    """Check for rows that a loop fails with again and again, while it goes on with all others. No names: anybody may ask here."""
    if not answer.failing or answer.failing_since is None:
        return Part(OK, 0.0)
    counts = ", ".join(f"{number} of {loop}" for loop, number in sorted(answer.failing.items()))
    age = (now - answer.failing_since).total_seconds()
    return Part(DEGRADED, age, f"keep failing: {counts}; administrators see which at /manage/failures/")


def mails(answer: DatabaseAnswer, now: datetime) -> Part:
    """Check that mails go out. People are asked by other ways, too, so the site goes on."""
    if answer.mails_since is None:
        return Part(OK, 0.0)
    age = (now - answer.mails_since).total_seconds()
    return Part(DEGRADED, age, "mails wait that cannot be sent; administrators see why at /manage/notices/")


def worst(parts: dict[str, Part]) -> str:
    states = {part.state for part in parts.values()}
    return next(state for state in (FAILED, DEGRADED, OK) if state in states)
