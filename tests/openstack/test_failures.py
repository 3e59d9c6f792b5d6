"""The cloud misbehaves, at its door: each verb ends in the right error, or its wish is reached when it is said again."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from cloud.contract import CloudBusy, CloudError, CloudGone, CloudLimit, CloudRefused, Owner, Server, ServerSpec, Status
from cloud.openstack.doctor import checks
from cloud.openstack.doctor.survey import Survey
from tests.cloud.local_stage import insist
from tests.openstack.openstack_stage import OpenStackStage, RecordedCloud, until
from tests.openstack.proxy import Behaviour, Proxies, half, hangs, loses_reply, nothing, says, says_json

Specs = Callable[..., ServerSpec]
PATIENCE = 1.0  # seconds, for a call that hangs; the portal has 20
QUOTA = '{"forbidden": {"code": 403, "message": "Quota exceeded for instances: Requested 1, but already used 1 of 1 instances"}}'
IDS = [
    "policy", "quota", "foreign-404", "gateway-404", "conflict", "413", "429", "429-tomorrow", "429-bare", "500", "502", "503",
    "other-page", "list", "302", "half", "nothing",
]  # fmt: skip
POLICY = (
    '{"forbidden": {"code": 403, "message": "Policy does not allow os_compute_api:servers:detail to be performed."}}'
)
TOO_FAST = '{"overLimit": {"code": 429, "message": "This request was rate-limited."}}'
NOT_SIGNED_IN = (
    '{"error": {"code": 401, "message": "The request you have made requires authentication.", "title": "Unauthorized"}}'
)

pytestmark = pytest.mark.xdist_group("api")


def in_seconds(seconds: int) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


# ---- signing in ----


def test_a_token_that_expires_in_the_middle_is_fetched_anew(door: Proxies, cloud: RecordedCloud) -> None:
    door.then("compute", "GET", "/servers/detail", says_json(401, NOT_SIGNED_IN))
    assert cloud.list_servers().whole
    assert door.calls("identity", "POST", "/auth/tokens") == 1


def test_who_is_never_let_in_comes_again_later(door: Proxies, cloud: RecordedCloud) -> None:
    door.then("compute", "GET", "/servers/detail", says_json(401, NOT_SIGNED_IN), times=99)
    with pytest.raises(CloudBusy):
        cloud.list_servers()
    door.reset()
    assert cloud.list_servers().whole


def test_a_password_that_is_wrong_says_so_and_comes_again_later(door: Proxies, cloud: RecordedCloud) -> None:
    door.then("compute", "GET", "/servers/detail", says_json(401, NOT_SIGNED_IN), times=99)
    door.then("identity", "POST", "/auth/tokens", says_json(401, NOT_SIGNED_IN), times=99)
    with pytest.raises(CloudBusy, match="Keystone does not let us in"):
        cloud.list_servers()


def test_keystone_that_is_away_is_busy(door: Proxies, cloud: RecordedCloud) -> None:
    door.then("compute", "GET", "/servers/detail", says_json(401, NOT_SIGNED_IN), times=99)
    door.then("identity", "POST", "/auth/tokens", nothing, times=99)
    with pytest.raises(CloudBusy):
        cloud.list_servers()


# ---- answers ----


@pytest.mark.parametrize(
    ("behaviour", "error", "seconds"),
    [
        (says_json(403, POLICY), CloudRefused, None),
        (says_json(403, QUOTA), CloudLimit, None),
        (says(404, "<html>no such page</html>"), CloudBusy, None),
        (says_json(404, '{"message": "no Route matched with those values"}'), CloudBusy, None),
        (says_json(409, '{"conflictingRequest": {"code": 409, "message": "not now"}}'), CloudBusy, 1.0),
        (says_json(413, TOO_FAST, Retry_After="17"), CloudBusy, 17.0),
        (says_json(429, TOO_FAST, Retry_After="17"), CloudBusy, 17.0),
        (says_json(429, TOO_FAST, Retry_After="86400"), CloudBusy, 300.0),
        (says_json(429, TOO_FAST), CloudBusy, None),
        (says_json(500, '{"computeFault": {"code": 500, "message": "Unexpected API Error."}}'), CloudBusy, None),
        (says(502, "<html>Bad Gateway</html>"), CloudBusy, None),
        (says(503, "", Retry_After="9"), CloudBusy, 9.0),
        (says(200, "<html>Welcome to the hotel's network</html>"), CloudBusy, None),
        (says_json(200, '["not", "what", "it", "should", "be"]'), CloudBusy, None),
        (says(302, "", Location="http://127.0.0.1:9/"), CloudBusy, None),
        (half, CloudBusy, None),
        (nothing, CloudBusy, None),
    ],
    ids=IDS,
)
def test_an_answer_becomes_the_right_error_and_the_next_list_is_whole(
    door: Proxies, cloud: RecordedCloud, behaviour: Behaviour, error: type[CloudError], seconds: float | None
) -> None:
    door.then("compute", "GET", "/servers/detail", behaviour, times=2)  # twice: a client may try again by itself
    with pytest.raises(error) as caught:
        cloud.list_servers()
    assert not isinstance(caught.value, CloudGone)
    assert getattr(caught.value, "retry_after", None) == seconds
    door.reset()
    assert cloud.list_servers().whole


def test_retry_after_may_be_a_date(door: Proxies, cloud: RecordedCloud) -> None:
    busy = says_json(429, TOO_FAST, Retry_After=in_seconds(40), Date=in_seconds(0))
    door.then("compute", "GET", "/servers/detail", busy, times=2)
    with pytest.raises(CloudBusy) as caught:
        cloud.list_servers()
    assert caught.value.retry_after == pytest.approx(40, abs=1)


def test_a_call_ends_in_its_time(door: Proxies, cloud: RecordedCloud) -> None:
    door.then("compute", "GET", "/servers/detail", hangs(20 * PATIENCE), times=5)
    cloud.client.longest = PATIENCE
    began = time.monotonic()
    with pytest.raises(CloudBusy):
        cloud.list_servers()
    assert time.monotonic() - began < 12 * PATIENCE


@pytest.mark.parametrize("status", [404, 410])
def test_a_server_is_never_taken_for_gone_because_of_a_proxy(
    stage: OpenStackStage, door: Proxies, cloud: RecordedCloud, server: Server, status: int
) -> None:
    door.then("compute", "POST", "/action", says(status, "<html>nginx</html>"), times=9)
    with pytest.raises(CloudError) as caught:
        cloud.ensure_suspended(server.id)
    assert not isinstance(caught.value, CloudGone)


def test_novas_own_404_is_believed(cloud: RecordedCloud) -> None:
    with pytest.raises(CloudGone):
        cloud.ensure_suspended("11111111-2222-3333-4444-555555555555")


# ---- wishes that are said again ----


WISHES: list[tuple[str, str, str, Behaviour]] = [
    ("lost-reply", "compute", r"/servers$", loses_reply),
    ("lost-request", "compute", r"/servers$", nothing),
    ("half", "compute", r"/servers$", half),
    ("500", "compute", r"/servers$", says(500, "")),
    ("no-project", "identity", r"/projects$", says(503, "")),
    ("lost-project", "identity", r"/projects$", loses_reply),
    ("no-group", "network", r"/security-groups$", loses_reply),
    ("no-rules", "network", r"/security-group-rules$", nothing),
]


@pytest.mark.parametrize(("service", "path", "behaviour"), [w[1:] for w in WISHES], ids=[w[0] for w in WISHES])
def test_a_launch_that_breaks_makes_one_server_in_the_end(
    stage: OpenStackStage,
    door: Proxies,
    cloud: RecordedCloud,
    make_spec: Specs,
    new_owner: Any,
    huge: str,
    service: str,
    path: str,
    behaviour: Behaviour,
) -> None:
    spec = make_spec(stage, owner=new_owner, flavor_id=huge)
    rule = door.then(service, "POST", path, behaviour)
    server = insist(cloud.ensure_server, spec)
    assert rule.met == 1
    assert [one.id for one in stage.servers() if one.machine == spec.machine] == [server.id]


@pytest.mark.parametrize("behaviour", [loses_reply, nothing, says(503, "")], ids=["reply", "request", "503"])
def test_a_sleep_that_breaks_is_a_sleep_in_the_end(
    stage: OpenStackStage, door: Proxies, cloud: RecordedCloud, server: Server, behaviour: Behaviour
) -> None:
    door.then("compute", "POST", "/action", behaviour)
    insist(cloud.ensure_suspended, server.id)
    stage.settle()
    assert stage.look(server).status == Status.SUSPENDED
    insist(cloud.ensure_running, server.id)


@pytest.mark.guest
def test_a_restart_whose_reply_was_lost_is_not_done_twice(
    stage: OpenStackStage, door: Proxies, cloud: RecordedCloud, server: Server
) -> None:
    until(lambda: "ready" in cloud.console_log(server.id), "it has booted")
    before = stage.reboots(server)
    door.then("compute", "POST", "/action", loses_reply)
    until(lambda: restarted(cloud, server), "it has restarted")
    assert stage.reboots(server) == before + 1


def restarted(cloud: RecordedCloud, server: Server) -> bool:
    """Ask for the restart until the server counts it, as the life cycle does."""
    try:
        cloud.ensure_restarted(server.id, server.restarts + 1)
    except CloudBusy:
        return False
    found = cloud.find_server(server.machine, Owner(server.owner))
    return found is not None and found.restarts == server.restarts + 1


def test_a_delete_whose_reply_was_lost_is_a_delete(
    stage: OpenStackStage, door: Proxies, cloud: RecordedCloud, make_spec: Specs
) -> None:
    server = insist(cloud.ensure_server, make_spec(stage))
    door.then("compute", "DELETE", "/servers/", loses_reply)
    insist(cloud.ensure_deleted, server.id)
    stage.settle()
    assert stage.cloud.find_server(server.machine, Owner(server.owner)) is None


def test_an_endpoint_that_was_down_is_used_again(door: Proxies, cloud: RecordedCloud) -> None:
    """Ten minutes are forty calls of the sweep; what matters is that nothing is remembered of them."""
    door.then("compute", "GET", "/servers/detail", nothing, times=40)
    for _ in range(20):
        with pytest.raises(CloudBusy):
            cloud.list_servers()
    door.reset()
    assert cloud.list_servers().whole


# ---- a clock that is off ----


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_cursor_follows_the_clouds_own_clock(
    stage: OpenStackStage, door: Proxies, cloud: RecordedCloud, server: Server, minutes: int
) -> None:
    door.shift = timedelta(minutes=minutes)

    def calm_cursor() -> str | None:
        """Return a cursor after which nothing is told of the server: what happened before is told once more for a while, see OVERLAP."""
        cursor = cloud.list_servers().cursor
        return None if server.id in {one.id for one in cloud.list_servers(cursor).servers} else cursor

    cursor = until(calm_cursor, "what happened before is told no more")
    stage.cloud.ensure_renamed(server.id, f"moved-{minutes}")
    told = until(lambda: [one for one in cloud.list_servers(cursor).servers if one.id == server.id], "it is told")
    assert told[0].name == f"moved-{minutes}"
    assert cloud.client.clock_ahead == pytest.approx(60 * minutes, abs=2)


# ---- check_cloud ----


def test_a_neutron_that_hangs_is_named_after_one_question(door: Proxies, cloud: RecordedCloud) -> None:
    cloud.client.longest = 4 * PATIENCE
    before = [row.topic for row in checks.look(Survey(lambda: cloud.client)) if row.ok == "wrong"]
    door.seen.clear()
    door.then("network", "GET", "/v2.0/", hangs(8 * PATIENCE), times=99)
    rows = list(checks.look(Survey(lambda: cloud.client)))
    wrong = [row.topic for row in rows if row.ok == "wrong"]
    assert set(wrong) == {*before, "Network"}
    assert [str(row.found) for row in rows if row.topic == "Agent"] == [
        "Not looked at: it needs Neutron, which does not answer."
    ]
    assert door.calls("network", "GET", "/v2.0/") <= 2  # a client tries a line that was cut once more
