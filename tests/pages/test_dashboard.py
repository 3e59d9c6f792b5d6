"""The dashboard and its pages, as administrators see them."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from cloud.contract import Host
from machines.models import CloudWatch
from nodes.hypervisors import looks
from portal.dashboard import coming_week, day_counts
from portal.models import Finding
from tests.factories import make_gateway, make_machine
from tests.machines.idle.quiet import row

PAGES = ("/manage/", "/manage/?days=90", "/manage/idle/", "/manage/cloud/")
QUERIES = 20


@pytest.fixture
def page(admin: User, client: Client) -> Any:
    client.force_login(admin)

    def read(address: str = "/manage/", language: str = "en") -> str:
        client.cookies["django_language"] = language
        reply = client.get(address)
        assert reply.status_code == 200
        return reply.content.decode()

    return read


def whole(student: User) -> None:
    """Fill every part of the dashboard."""
    now = timezone.now()
    make_gateway()
    room = {"vcpus": 8, "vcpus_used": 2, "ram_mb": 8192, "ram_mb_used": 2048, "disk_gb": 80, "disk_gb_used": 8}
    CloudWatch.objects.update_or_create(
        pk=1, defaults={"listed_at": now, "steady_since": now, "whole_at": now, "next_at": now, "room": room}
    )
    row(student, now)
    make_machine(student, state="suspended", name="asleep")
    coming_week.work_out(now)
    day_counts.count_days(now)
    host = Host("quinde", True, True, "", 4, 1, 4096, 1024, 40, 4, 2)
    looks.look([host], now)


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("language", ["en", "es"])
def test_it_is_there_before_a_worker_ever_ran(page: Any, address: str, language: str) -> None:
    assert "<h1>" in page(address, language)


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("language", ["en", "es"])
def test_it_is_there_with_everything(page: Any, student: User, address: str, language: str) -> None:
    whole(student)
    assert "<h1>" in page(address, language)


def test_nothing_needs_a_hand(page: Any, student: User) -> None:
    whole(student)
    assert "Nothing needs a hand." in page()


def test_the_number_of_queries_does_not_depend_on_rows(page: Any, student: User) -> None:
    whole(student)
    page()
    for n in range(12):
        make_machine(student, state=("running", "failed", "queued", "building")[n % 4], name=f"m{n}")
    with CaptureQueriesContext(connection) as seen:
        page()
    assert len(seen) <= QUERIES, "\n".join(query["sql"][:150] for query in seen.captured_queries)


def test_what_another_version_found_out_breaks_no_page(page: Any) -> None:
    """Pages read what the other version's worker kept last, after an update or a way back."""
    found = {
        "deeds": {"fly": [["no id", 1]]},
        "deed counts": {"fly": 1},
    }
    Finding.objects.bulk_create(Finding(name=name, data=data, found_at=timezone.now()) for name, data in found.items())
    assert "<h1>" in page("/manage/")
    assert "<h1>" in page("/manage/idle/")
