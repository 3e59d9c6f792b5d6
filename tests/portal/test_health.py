"""Probes: /healthz says that the process lives, /readyz what it stands on."""

from collections.abc import Iterator
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
import redis
from django.test import Client
from django.utils import timezone

from accounts.failures import Failures
from accounts.models import RowFailure
from lib import seldom
from machines.models import CloudWatch
from portal.ops import health, live_heartbeat
from portal.ops.health import Part
from portal.ops.single_flight import SingleFlight
from tests.factories import make_gateway
from tests.waiting import PATIENCE, quickest
from tunnels.models import Gateway

if TYPE_CHECKING:
    from tests.portal.conftest import Lines

NOW = timezone.now()
LIMIT = health.LIMIT_SECONDS


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no part be given up because the computer is busy."""
    monkeypatch.setattr(health, "LIMIT_SECONDS", PATIENCE)


def ago(seconds: float) -> Any:
    return NOW - timedelta(seconds=seconds)


def test_healthz_asks_nobody(client: Client, settings: Any, lines: "Lines") -> None:
    """The test's database is shut here, and this Redis is not there."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert client.get("/healthz").content == b"ok\n"
    assert lines.texts == []


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_prober_needs_no_name_of_ours_and_no_session(path: str, db: None) -> None:
    reply = Client(SERVER_NAME="10.0.0.7").get(path, headers={"Cookie": "sessionid=x"})
    assert (reply.status_code, reply["Cache-Control"]) == (200, "no-store")
    assert not reply.cookies


def test_other_methods_are_refused(client: Client) -> None:
    assert [client.post(path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [405, 405, 405]


@pytest.fixture
def disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that reads disks is there."""
    monkeypatch.setattr(health, "_disks", SingleFlight(lambda: 0.004))


@pytest.fixture
def elsewhere(settings: Any) -> None:
    """A database of Redis in which no other test has a live process."""
    settings.REDIS_URL = settings.REDIS_URL.rpartition("/")[0] + "/15"


@pytest.fixture
def sign_of_life(elsewhere: None, settings: Any) -> Iterator[None]:
    """A live process was there a moment ago."""
    with redis.Redis.from_url(settings.REDIS_URL) as door:
        door.set(live_heartbeat.key(settings.REDIS_URL), 1, ex=60)
        yield
        door.delete(live_heartbeat.key(settings.REDIS_URL))


@pytest.mark.usefixtures("disks", "sign_of_life")
@pytest.mark.django_db(transaction=True)
def test_all_is_well(client: Client) -> None:
    make_gateway()
    CloudWatch.objects.create(pk=1, listed_at=timezone.now(), steady_since=timezone.now())
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json()["state"]) == (200, "ok")
    assert {name: part["state"] for name, part in reply.json()["parts"].items()} == dict.fromkeys(
        ("database", "redis", "disk", "files", "cloud", "agents", "rows", "mails", "disks", "live", "printing"), "ok"
    )
    assert all(
        0 <= part["seconds"] < 10
        for name, part in reply.json()["parts"].items()
        if name not in ("disk", "files", "printing")
    )


@pytest.mark.parametrize(
    ("mode", "why"), [(None, "no folder for photos"), (0o500, "the folder for photos cannot be written")]
)
def test_a_folder_that_takes_no_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int | None, why: str
) -> None:
    if mode:
        (tmp_path / "files").mkdir(mode)
        monkeypatch.setattr("os.access", lambda *_asked: False)  # root may write everywhere
    part = health.disk(str(tmp_path / "files"), "photos")
    assert part.state == "degraded"
    assert part.why.startswith(why)


@pytest.mark.django_db(transaction=True)
def test_a_silent_cloud_and_agent_take_nobody_out_of_service(client: Client) -> None:
    make_gateway(heard_at=ago(600))
    CloudWatch.objects.create(pk=1, listed_at=ago(600), steady_since=None)
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json()["state"]) == (200, "degraded")
    assert {reply.json()["parts"][name]["state"] for name in ("cloud", "agents")} == {"degraded"}


def test_without_the_process_that_reads_disks_only_downloads_are_missing(client: Client, db: None) -> None:
    reply = client.get("/readyz")
    assert reply.status_code == 200
    assert reply.json()["parts"]["disks"]["why"].startswith("no disk can be downloaded")


@pytest.mark.usefixtures("elsewhere")
def test_without_a_live_process_pages_ask_by_themselves(client: Client, db: None) -> None:
    reply = client.get("/readyz")
    assert reply.status_code == 200
    assert reply.json()["parts"]["live"]["why"].startswith("open pages ask by themselves")


def test_without_redis_it_is_not_ready(client: Client, settings: Any, db: None) -> None:
    settings.REDIS_URL = "redis://:hunter2@127.0.0.1:1/0"
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json()["parts"]["redis"]) == (
        503,
        {"state": "failed", "seconds": None, "why": "ConnectionError"},
    )
    assert "hunter2" not in reply.content.decode()


def test_without_a_database_it_is_not_ready(client: Client) -> None:
    """The test's database is shut here."""
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json()["parts"]["database"]["state"]) == (503, "failed")
    assert reply.json()["parts"]["redis"]["state"] == "ok"


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A database that never answers; how often it was asked."""
    asked: list[str] = []
    end = Event()

    def hang() -> None:
        asked.append("again")
        end.wait(PATIENCE)

    monkeypatch.setattr(health, "_database", SingleFlight(hang))
    yield asked
    end.set()


@pytest.mark.slow
@pytest.mark.usefixtures("hanging")
def test_one_that_hangs_is_not_waited_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LIMIT_SECONDS", LIMIT)

    def answered() -> float:
        began = monotonic()
        reply = client.get("/readyz")
        assert (reply.status_code, reply.json()["parts"]["database"]["why"]) == (503, "no answer within 1.8 s")
        return monotonic() - began

    assert quickest(answered, 2.5) < 2.5


def test_one_that_hangs_is_asked_once(client: Client, hanging: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LIMIT_SECONDS", 0.05)
    assert [client.get("/readyz").status_code for _ in range(3)] == [503, 503, 503]
    assert hanging == ["again"]


def test_a_mistake_of_ours_is_no_500(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "readiness", lambda: 1 / 0)
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json()) == (503, {"state": "failed", "parts": {}})


def test_an_answer_that_came_is_asked_for_anew() -> None:
    answers = iter([1, 2])
    look = SingleFlight(lambda: next(answers))
    assert [look.begin().result(PATIENCE), look.begin().result(PATIENCE)] == [1, 2]


def test_what_it_raised_is_the_answer() -> None:
    look: SingleFlight[float] = SingleFlight(lambda: 1 / 0)
    asked: Future[float] = look.begin()
    assert isinstance(asked.exception(5), ZeroDivisionError)


# ---- the parts ----


def test_a_fresh_list_is_well() -> None:
    assert health.cloud(CloudWatch(listed_at=ago(20), steady_since=ago(600)), NOW) == Part("ok", 20)


def test_a_cloud_that_does_not_answer_is_told_from_workers_that_do_not_ask() -> None:
    silent = health.cloud(CloudWatch(listed_at=ago(20), steady_since=None), NOW)
    idle = health.cloud(CloudWatch(listed_at=ago(61), steady_since=ago(600)), NOW)
    assert [(p.state, p.why) for p in (silent, idle)] == [
        ("degraded", "the last list failed: the cloud does not answer"),
        ("degraded", "nobody lists: do the worker and beat run?"),
    ]


def test_a_slow_cloud_is_listed_more_seldom_and_that_is_well() -> None:
    assert health.cloud(CloudWatch(listed_at=ago(100), steady_since=ago(600), took_seconds=10), NOW).state == "ok"


def test_a_cloud_never_listed() -> None:
    assert [health.cloud(watch, NOW).state for watch in (None, CloudWatch())] == ["degraded", "degraded"]


HEARD, SILENT, NEVER = Gateway(heard_at=ago(3)), Gateway(heard_at=ago(300)), Gateway(heard_at=None)


@pytest.mark.parametrize(
    ("gateways", "told"),
    [
        ([HEARD, HEARD], Part("ok", 3)),
        ([HEARD, SILENT], Part("degraded", 300, "1 of 2 not heard")),
        ([SILENT, NEVER], Part("degraded", None, "2 of 2 not heard")),
        ([], Part("degraded", None, "no gateway is enabled")),
    ],
)
def test_each_enabled_gateway_counts(gateways: list[Gateway], told: Part) -> None:
    assert health.agents(gateways, NOW) == told


def linked(error: str | None) -> Gateway:
    return Gateway(heard_at=ago(3), link_error=error)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("unknown_name", "1 of 2 not connected to its gateway (its name is not known)"),
        ("unreachable", "1 of 2 not connected to its gateway (it does not answer)"),
        ("host_key", "1 of 2 not connected to its gateway (it shows another host key)"),
        ("denied", "1 of 2 not connected to its gateway (it does not let the agent in)"),
        ("other", "1 of 2 not connected to its gateway (the agent's log says why)"),
    ],
)
def test_an_agent_without_its_gateway_is_not_well(error: str, why: str) -> None:
    assert health.agents([linked(""), linked(error)], NOW) == Part("degraded", 3, why)


def test_an_old_agent_that_does_not_say_is_well_when_it_is_heard() -> None:
    assert health.agents([linked(None), linked("")], NOW) == Part("ok", 3)


def test_an_agent_that_turned_visitors_away_is_not_well_for_a_while() -> None:
    lately, long_ago = (Gateway(heard_at=ago(3), link_error="", turned_away_at=ago(seconds)) for seconds in (200, 400))
    told = health.agents([lately, long_ago], NOW)
    assert (told.state, told.why[:27]) == ("degraded", "1 of 2 turned visitors away")


def test_of_a_silent_agent_nobody_knows_its_connection() -> None:
    gone = Gateway(heard_at=ago(300), link_error="denied")
    assert health.agents([gone], NOW) == Part("degraded", 300, "1 of 1 not heard")


@pytest.mark.usefixtures("disks", "sign_of_life")
def test_a_database_that_is_away_for_long_is_logged_once(client: Client, lines: "Lines") -> None:
    """The test's database is shut here; a prober comes every few seconds."""
    seldom.OWN.clear()
    for _probe in range(3):
        client.get("/readyz")
    assert [line["message"].partition(":")[0] for line in lines.of("portal.ops.health")] == ["database"]


@pytest.mark.django_db(transaction=True)
def test_a_row_that_keeps_failing_is_told_without_a_name(client: Client) -> None:
    for times in (2, 1):
        for _time in range(times):
            RowFailure.objects.update(next_at=timezone.now())
            with Failures("mail").at("a@b.c"):
                raise ValueError("a@b.c")
        part = client.get("/readyz").json()["parts"]["rows"]
    assert (part["state"], "1 of mail" in part["why"], "a@b.c" in str(part)) == ("degraded", True, False)
