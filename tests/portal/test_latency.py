"""Latency of requests, as /metrics tells it over all web processes."""

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import DatabaseError
from django.http import HttpRequest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from portal.models import RequestTotal
from portal.ops import latency
from tests.factories import make_machine

if TYPE_CHECKING:
    from accounts.models import User

KEY = ("machines", "GET", "2xx")


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> latency.Latencies:
    """Counts as of a process that has just started."""
    monkeypatch.setattr(latency, "PROCESS", latency.Latencies())
    return latency.PROCESS


def samples(client: Client) -> dict[tuple[str, ...], float]:
    """(name, route, method, status, limit) -> value, as a scrape reads them."""
    text = client.get("/metrics").content.decode()
    labels = ("route", "method", "status", "le")
    return {
        (
            sample.name.removeprefix("minga_request_seconds_"),
            *(sample.labels[n] for n in labels if n in sample.labels),
        ): sample.value
        for family in text_string_to_metric_families(text)
        if family.name == "minga_request_seconds"
        for sample in family.samples
    }


def test_a_request_is_counted_by_the_name_of_its_address(client: Client, student: "User") -> None:
    client.force_login(student)
    for _number in range(2):
        client.get("/keys/")
    assert samples(client)["count", "keys", "GET", "2xx"] == 2


def test_no_id_is_in_a_label(client: Client, student: "User") -> None:
    machine = make_machine(student)
    client.force_login(student)
    for pk in (machine.pk, uuid4()):
        client.get(f"/machines/{pk}/")
    client.get(f"/api/v1/machines/{uuid4()}/nothing/")
    told = samples(client)
    assert [key for key in told if key[0] == "count"] == [
        ("count", "api-nothing", "GET", "4xx"),
        ("count", "machine", "GET", "2xx"),
        ("count", "machine", "GET", "4xx"),
    ]


def test_an_unknown_method_and_an_address_without_a_name_have_one_word_each(process: Any) -> None:
    request = HttpRequest()
    request.method, request.path, request.resolver_match = "BREW", f"/{uuid4()}", None
    latency.note(request, 404, 0.1)
    assert list(process._counts) == [("none", "other", "4xx")]


@pytest.mark.parametrize(("seconds", "limit"), [(0.0, "0.005"), (0.05, "0.05"), (0.051, "0.1"), (31, "+Inf")])
def test_a_bucket_has_what_took_no_longer(client: Client, db: None, process: Any, seconds: float, limit: str) -> None:
    process.note(KEY, seconds)
    told = samples(client)
    limits = [*map(str, latency.BUCKETS), "+Inf"]
    assert [told["bucket", *KEY, le] for le in limits] == [float(n >= limits.index(limit)) for n in range(len(limits))]
    assert told["sum", *KEY] == seconds


def test_any_process_tells_what_all_have_handed_in(client: Client, db: None, process: Any) -> None:
    other = latency.Latencies()
    for one, seconds in ((process, 0.2), (other, 0.3), (process, 7)):
        one.note(KEY, seconds)
        one.hand_in()
    assert samples(client)["count", *KEY] == 3
    assert samples(client)["sum", *KEY] == pytest.approx(7.5)


def test_a_prober_makes_a_process_hand_in(client: Client, db: None, process: Any) -> None:
    process.note(KEY, 1)
    client.get("/readyz")
    assert RequestTotal.objects.get(route="machines").counts == [0] * 7 + [1] + [0] * 5


def test_what_could_not_be_handed_in_is_kept(
    client: Client, db: None, process: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(counted: object) -> None:
        raise DatabaseError

    process.note(KEY, 1)
    with monkeypatch.context() as away:
        away.setattr(latency, "_store", broken)
        process.hand_in()
    process.note(KEY, 2)
    assert samples(client)["count", *KEY] == 2
