"""A list's word on one machine, as a pure function: no row is read, and no clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.contract import Status
from machines.models import Machine
from machines.reconcile.observe import Observation, observe
from tests.machines.reconcile.listed_server import server_of

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
BEFORE = AT - timedelta(seconds=9)


def machine(state: str = "running", **facts: Any) -> Machine:
    """Build a machine in memory that was observed nine seconds ago, up and as wanted."""
    wanted = facts.pop("wanted", state if state in ("running", "suspended", "shelved") else "running")
    known = {"server_id": "s", "name": "mine", "cloud_name": "mine", "cloud_status": "active", "observed_at": BEFORE}
    return Machine(state=state, wanted=wanted, **{**known, **facts})


def seen(row: Machine, **facts: Any) -> Observation:
    return observe(row, server_of(row, **facts), AT)


def test_a_row_that_says_it_all_is_not_written_and_may_be_followed() -> None:
    assert seen(machine()) == Observation({}, follow=True)


def test_a_row_that_asked_for_something_since_is_written_though_nothing_changed() -> None:
    assert seen(machine(asked_at=AT - timedelta(seconds=5))).columns["observed_at"] == AT


@pytest.mark.parametrize(("name", "value"), [("status", Status.SUSPENDED), ("task", "suspending"), ("host", "node-9")])
def test_what_changed_is_written(name: str, value: Any) -> None:
    column = {"host": "host"}.get(name, f"cloud_{name}")
    assert seen(machine(), **{name: value}).columns[column] == value


def test_what_the_cloud_cannot_see_stays_as_it_was_known() -> None:
    assert seen(machine(), status=Status.UNKNOWN) == Observation(follow=False, is_dark=True)


def test_a_deleted_server_waits_for_a_whole_list() -> None:
    assert seen(machine(), status=Status.DELETED) == Observation(follow=False, is_lost=True)


def test_a_server_that_was_to_be_deleted_is_written_at_once() -> None:
    assert seen(machine("deleting", wanted="gone"), status=Status.DELETED).columns["cloud_status"] == "deleted"


def test_a_server_that_a_whole_list_lacks_is_deleted() -> None:
    told = observe(machine(), None, AT)
    assert (told.columns["cloud_status"], told.columns["observed_at"], told.follow) == ("deleted", AT, True)


def test_a_held_machine_is_not_written_nor_followed() -> None:
    assert seen(machine(held_at=BEFORE), status=Status.SUSPENDED) == Observation(follow=False)


# ---- when the next step is due ----


def test_a_step_that_waited_for_news_is_due() -> None:
    columns = seen(machine("waking", cloud_status="building", retry_at=AT)).columns
    assert (columns["retry_at"], columns["enqueued_at"]) == (None, None)


@pytest.mark.parametrize(
    "facts", [{"cloud_errors": 2}, {"cloud_task": "spawning"}], ids=["it backs off", "the cloud is at it"]
)
def test_another_step_keeps_its_time(facts: dict[str, Any]) -> None:
    assert "retry_at" not in seen(machine("waking", **facts), host="node-9").columns


@pytest.mark.parametrize(
    ("wanted", "before", "is_tried"),
    [("running", "error", True), ("running", "active", False), ("gone", "error", False)],
)
def test_what_failed_and_is_well_after_all_is_tried_again(wanted: str, before: str, is_tried: bool) -> None:
    columns = seen(machine("failed", wanted=wanted, cloud_status=before), host="node-9").columns
    assert columns.get("retry_at") == (AT if is_tried else None)


# ---- what was done on the cluster itself ----


@pytest.mark.parametrize("kind", ["resets", "restarts", "moves"])
def test_a_counter_that_the_cloud_has_ahead_counts_as_done(kind: str) -> None:
    columns = seen(machine(), **{kind: 3}).columns
    assert (columns[f"{kind}_asked"], columns[f"{kind}_done"]) == (3, 3)


def test_a_counter_that_the_cloud_has_behind_is_left_alone() -> None:
    assert "resets_asked" not in seen(machine(resets_asked=3), resets=2).columns


def test_a_new_name_is_taken_over() -> None:
    assert seen(machine(), name="theirs").new_name == "theirs"


@pytest.mark.parametrize(
    ("facts", "name"),
    [({"names_asked": 1}, "theirs"), ({"cloud_name": ""}, "theirs"), ({"cloud_name": "old"}, "mine"), ({}, "\x00")],
    ids=["ours is on its way", "none was told before", "it is our name", "nothing is left of it"],
)
def test_another_name_is_not(facts: dict[str, Any], name: str) -> None:
    assert seen(machine(**facts), name=name).new_name == ""


@pytest.mark.parametrize(
    ("state", "before", "notes"), [("running", "", 1), ("running", "rebuilding", 0), ("building", "", 0)]
)
def test_a_reset_that_begins_on_the_cluster_is_a_line_of_history(state: str, before: str, notes: int) -> None:
    assert len(seen(machine(state, cloud_task=before), task="rebuild_spawning").notes) == notes
