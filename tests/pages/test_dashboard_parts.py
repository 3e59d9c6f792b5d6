"""Each part that the dashboard promises is there, with its numbers: read by an administrator, section by section."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Notice, User
from machines.models import CloudWatch, Machine
from portal.models import CloudCheck
from tests.factories import make_machine
from tests.machines.idle.asked import asked
from tests.pages.test_dashboard import whole
from tunnels.models import Gateway


@pytest.fixture
def part(client: Client, admin: User, student: User) -> Any:
    """Return what one section of a busy site's dashboard says, without tags."""
    whole(student)
    now = timezone.now()
    CloudWatch.objects.update(took_seconds=1.25, listed_at=now - timedelta(seconds=5))
    Gateway.objects.update(heard_at=now - timedelta(seconds=3))
    queued = make_machine(student, state="queued", name="in-line")
    Machine.objects.filter(pk=queued.pk).update(queued_at=now - timedelta(minutes=7))
    make_machine(student, state="failed", name="broken")
    asked(make_machine(student, name="asked"))
    mail = {"recipient": student, "kind": "people.link", "channel": "mail"}
    Notice.objects.create(**mail, about="a", state="failed", fault="550")
    CloudCheck.objects.create(pk=1, checked_at=now - timedelta(minutes=9), rows=[{"ok": "right"}, {"ok": "wrong"}])
    User.objects.filter(pk=student.pk).update(last_login=now)
    client.force_login(admin)
    page = client.get("/manage/").content.decode()

    def read(name: str) -> str:
        begins = page.index(f'data-section="{name}"')
        ends = page.index("</dl>" if name == "figures" else "</section>", begins)
        return " ".join(re.sub(r"<[^>]*>", " ", unescape(page[page.index(">", begins) + 1 : ends])).split())

    return read


def test_seconds_have_the_languages_comma(client: Client, admin: User) -> None:
    CloudWatch.objects.update_or_create(defaults={"took_seconds": 1.96, "listed_at": timezone.now()})
    client.force_login(admin)
    client.cookies["django_language"] = "es"
    assert "tardó 2,0 s" in client.get("/manage/").content.decode()


def test_figures(part: Any) -> None:
    said = part("figures")
    for fact in (
        "People 2",
        "2 signed in within 7 days",
        "Machines that run 2",
        "of 5",
        "Asleep: 1; put away or archived: 0",
        "Memory free 6 GB",
    ):
        assert fact in said
    assert re.search(r"Waiting for room 1 longest: 7 min", said)


def test_the_pulse(part: Any) -> None:
    """Last list, gateway and agent, clock, requests, idle questions, mails, the check of the cloud."""
    said = part("pulse")
    assert re.search(r"Last list \d s ago, took 1\.2 s", said)
    assert re.search(r"Gateway vps heard \d s ago, 0 connections", said)
    assert re.search(r"Clock the database's (and ours agree|is)", said)
    assert re.search(r"Requests (half within \d+ ms, 19 of 20 within \d+ ms|none counted yet)", said)
    assert "Idle questions 1 is open" in said
    assert re.search(r"Mails \d+ on their way, 1 not delivered in 7 days", said)
    assert "Cloud check 1 of 2 OK, 9 min ago" in said


def test_what_failed_says_what_to_do(part: Any) -> None:
    said = part("needs")
    assert "broken" in said
    assert "not delivered" in said


def test_machines_people_and_the_cluster(part: Any) -> None:
    assert "Failed 1" in part("states") or "Needs attention 1" in part("states")
    assert "Students 1" in part("people") or "student 1" in part("people").lower()
    cluster = part("cluster")
    for fact in ("read", "quinde In service", "Processors 1 / 4", "Memory 1 GB / 4 GB", "2 machines"):
        assert fact in cluster


def test_the_next_seven_days(part: Any) -> None:
    assert re.search(r"\d+ machine", part("week"))


@pytest.mark.parametrize("name", ["launches", "states", "room"])
def test_charts(part: Any, name: str) -> None:
    assert part(f"chart-{name}")
