"""The room of a cluster, from Nova's list of computers and Placement's book-keeping."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cloud.contract import Room
from cloud.openstack import cluster, compute_hosts, host_weights
from tests.cloud.scripted import HOST, ScriptedClient


def shares(vcpus: int, vcpus_used: int) -> dict[str, Any]:
    """Placement's summary of a computer with a GiB and ten GiB of disk for each processor."""
    each = {"VCPU": 1, "MEMORY_MB": 1024, "DISK_GB": 10}
    return {"resources": {name: {"capacity": unit * vcpus, "used": unit * vcpus_used} for name, unit in each.items()}}


@pytest.fixture
def client() -> ScriptedClient:
    """A small and a big computer in service, a full one, and one that is down; Placement lists the down one, too."""
    client = ScriptedClient()
    full = {**HOST, "id": "full", "vcpus": 2, "memory_mb": 2048, "local_gb": 20}
    rows = [{**HOST, "id": "small"}, {**HOST, "id": "big"}, full, {**HOST, "id": "down", "state": "down"}]
    summaries = {"small": shares(4, 1), "big": shares(16, 15), "down": shares(64, 0)}
    client.answers["/os-hypervisors/detail"] = {"hypervisors": rows}
    client.answers["/allocation_candidates"] = {"provider_summaries": summaries}
    return client


@pytest.fixture
def room(client: Any) -> Room:
    return cluster.room(client)


def test_computers_in_service_are_added_up_and_those_that_are_down_are_not(room: Room) -> None:
    assert (room.vcpus, room.ram_mb, room.disk_gb) == (22, 22528, 220)


def test_a_computer_that_placement_does_not_name_is_full(room: Room) -> None:
    assert (room.vcpus_used, room.ram_mb_used, room.disk_gb_used) == (18, 18432, 180)


def test_the_emptiest_and_the_biggest_computer_are_told_apart(room: Room) -> None:
    assert (room.biggest_free["vcpus"], room.biggest_host["vcpus"]) == (3, 16)


def test_a_cluster_without_computers_has_no_room(client: Any) -> None:
    client.answers["/os-hypervisors/detail"] = {"hypervisors": []}
    client.answers["/allocation_candidates"] = {"provider_summaries": {}}
    assert cluster.room(client).biggest_free == {"vcpus": 0, "ram_mb": 0, "disk_gb": 0}


def test_of_several_weights_the_lowest_counts_as_for_nova(client: ScriptedClient) -> None:
    names = {"minga-weight 0.5": ["quinde", "tucan"], "minga-weight -1": ["quinde"], "theirs": ["condor"]}
    rows = [{"id": 1, "name": name, "hosts": hosts, "metadata": {}} for name, hosts in names.items()]
    client.answers["/os-aggregates"] = {"aggregates": rows}
    assert host_weights.weights(client) == {"quinde": -1.0, "tucan": 0.5}  # type: ignore[arg-type]


def test_the_last_report_of_a_computer_is_read_as_utc(client: ScriptedClient) -> None:
    service = {"host": HOST["service"]["host"], "updated_at": "2026-03-02T10:00:00.000000", "forced_down": True}
    client.answers["/os-services"] = {"services": [service]}
    found = compute_hosts.hosts(client)  # type: ignore[arg-type]
    assert {(host.heard_at, host.fenced) for host in found} == {(datetime(2026, 3, 2, 10, tzinfo=UTC), True)}


@pytest.mark.parametrize(
    ("uptime", "loads"),
    [
        (" 09:12:03 up 3 days,  2:07,  1 user,  load average: 0.10, 1.20, 12.00\n", {"pc1": (0.1, 1.2, 12.0)}),
        (None, {}),
        ("It does not answer.", {}),
    ],
)
def test_the_load_is_read_from_uptime(client: Any, uptime: str | None, loads: dict[str, Any]) -> None:
    client.answers["/os-hypervisors/detail"] = {"hypervisors": [{**HOST, "uptime": uptime}]}
    assert compute_hosts.loads(client) == loads


def test_a_computer_whose_service_is_not_listed_is_not_heard(client: ScriptedClient) -> None:
    client.answers["/os-services"] = {"services": []}
    assert {host.heard_at for host in compute_hosts.hosts(client)} == {None}  # type: ignore[arg-type]
