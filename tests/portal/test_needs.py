"""The needs: each sentence is there when its fact is so, and not else. All in memory."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import override

from accounts.announcements.pauses import Pause
from accounts.models import Announcement, User
from machines.models import CloudWatch, Machine
from nodes.models import Node
from portal.dashboard.need_parts import Severity, brief
from portal.dashboard.needs import needs
from portal.dashboard.snapshot import InState, Snapshot
from portal.models import CloudCheck
from tunnels.models import Gateway

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 26, 14, 32, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ROOM = {"vcpus": 8, "vcpus_used": 2, "ram_mb": 8192, "ram_mb_used": 2048}
ANA = User(username="ana")


def watch(**facts: Any) -> CloudWatch:
    return CloudWatch(**{"listed_at": NOW, "steady_since": NOW, "next_at": NOW, "room": ROOM, **facts})


def gateway(**facts: Any) -> Gateway:
    return Gateway(**{"name": "vps", "heard_at": NOW, "link_error": "", **facts})


def host(**facts: Any) -> Node:
    return Node(**{"name": "quinde", "up": True, "enabled": True, "note": "", **dict.fromkeys(NUMBERS, 1), **facts})


NUMBERS = ("vcpus", "vcpus_used", "ram_mb", "ram_mb_used", "servers")
CONDOR = Machine(name="condor", owner=ANA)
WELL = Snapshot(NOW, watch=watch(), gateways=[gateway()], hosts=[host()], check=CloudCheck(checked_at=NOW, rows=[]))
AWAY = NOW - 10 * MINUTE


def in_state(state: str, **facts: Any) -> dict[str, Any]:
    return {"states": {state: InState(**{"count": 1, "since": AWAY, **facts})}}


# Each: the word of the need, what is so, and a part of the sentence.
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("worker", {"watch": watch(next_at=AWAY, listed_at=AWAY)}, "the worker or beat is not running"),
    ("worker", {"watch": watch(next_at=AWAY, listed_at=None, steady_since=None)}, "for 10"),
    ("restore", {"watch": watch(held_at=NOW)}, "A restore is not finished"),
    ("cloud", {"watch": watch(steady_since=None, listed_at=AWAY)}, "it last did 10 min ago"),
    ("list", {"watch": watch(listed_at=AWAY)}, "last listed 10"),
    ("never", {"watch": None}, "never listed"),
    ("no-gateway", {"gateways": []}, "No gateway is enabled"),
    ("agent", {"gateways": [gateway(heard_at=AWAY)]}, "The agent of vps has been silent for 10"),
    ("agent", {"gateways": [gateway(heard_at=None)]}, "was never heard"),
    ("link", {"gateways": [gateway(link_error="denied")]}, "it does not let the agent in"),
    ("crowded", {"gateways": [gateway(turned_away_at=NOW)]}, "vps turned visitors away"),
    ("hosts", {"hosts": [host(), host(name="tucan", up=False)]}, "does not answer: tucan."),
    ("queue", in_state("queued", queued_since=NOW - 41 * MINUTE), "1 machine waits for room, for 41"),
    ("launches", {**in_state("building", stuck=1), "stuck": [CONDOR]}, "longer than 10 minutes: condor (ana)."),
    ("failed", {**in_state("failed"), "failed": [CONDOR]}, "A machine failed, and waits for somebody: condor (ana)."),
    ("mail", {"mails_since": AWAY, "counts": {"mails waiting": 2}}, "No mail goes out: 2 wait, the first for 10"),
    ("paused", {"pause": Pause(Announcement(pk=1, made_by=ANA), NOW + 60 * MINUTE)}, "are paused until"),
    ("paused", {"pause": Pause(Announcement(pk=1, made_by=ANA), NOW + 60 * MINUTE)}, "by an announcement of ana."),
    ("paused", {"pause": Pause(Announcement(pk=1), NOW + 60 * MINUTE)}, "by an announcement."),
    ("clock", {"clock_ahead": timedelta(seconds=7)}, "The database's clock is 7 seconds ahead of this"),
    ("clock", {"clock_ahead": timedelta(seconds=-130)}, "The database's clock is 2 minutes behind this"),
    ("full", {"watch": watch(room={**ROOM, "ram_mb_used": 8000})}, "6 processors and 192"),
    ("ports", {"counts": {"ports failed": 2}}, "2 public ports could not be opened"),
    ("terminals", {"counts": {"terminals unheard": 2}}, "2 machines stay awake: their terminals are open"),
    ("rows", {"counts": {"failing rows": 1}}, "1 thing keeps failing"),
    ("mails-failed", {"counts": {"mails failed": 3}}, "3 mails of the last 7 days"),
    ("images", {"counts": {"images failed": 1}}, "1 system could not be made"),
    ("copies", {"counts": {"copies failed": 1}, "uncopied": [CONDOR]}, "could not be made in the last 7 days: condor"),
    ("copies", {"counts": {"copies failed": 9}, "uncopied": [CONDOR]}, "7 days: condor (ana) and more."),
    ("lost", {"counts": {"lost servers": 1}}, "1 server was made by Minga"),
    ("check", {"check": CloudCheck(checked_at=NOW, rows=[{"ok": "wrong"}])}, "found 1 thing wrong"),
    ("check", {"check": CloudCheck(checked_at=NOW, fault="OSError")}, "could not be finished"),
    ("requests", {"counts": {"requests": 2}}, "2 requests for more quota wait"),
    ("offers", {"counts": {"offers": 1}}, "1 computer is offered"),
    ("offers", {"counts": {"offers": 2}}, "2 computers are offered"),
]
# Facts that come close, and are no reason to do anything.
CLOSE: list[dict[str, Any]] = [
    {"watch": watch(next_at=NOW - MINUTE)},
    {"watch": watch(claimed_until=NOW + MINUTE, next_at=AWAY)},
    {"gateways": [gateway(link_error=None)]},  # an agent of before, which does not tell
    {"gateways": [gateway(turned_away_at=NOW - 6 * MINUTE)]},
    {"hosts": [host(enabled=False)]},
    in_state("queued", queued_since=NOW - 29 * MINUTE),
    in_state("building"),
    {"clock_ahead": timedelta(seconds=4)},
    {"watch": watch(room={**ROOM, "ram_mb_used": 7700})},
    {"watch": watch(room={})},
    {"counts": {"mails waiting": 5, "questions": 3}},
    {"check": CloudCheck(checked_at=NOW, rows=[{"ok": "note"}, {"ok": "right"}])},
    {"check": None},
]


@pytest.mark.parametrize(("code", "facts", "words"), CASES)
def test_each_is_told_when_it_is_so(code: str, facts: dict[str, Any], words: str) -> None:
    [need] = needs(replace(WELL, **facts))
    assert (need.code, words in need.sentence.replace("\u00a0", " ")) == (code, True), need.sentence
    assert need.label
    assert need.href.startswith("/")


@pytest.mark.parametrize("facts", [{}, *CLOSE])
def test_where_nothing_needs_a_hand_nothing_is_told(facts: dict[str, Any]) -> None:
    assert needs(replace(WELL, **facts)) == []


def test_all_are_tried_above() -> None:
    """Guard the tests above: whoever adds a need adds its case."""
    source = "".join(path.read_text() for path in (ROOT / "portal" / "dashboard").glob("*needs.py"))
    written = set(re.findall(r'(?:Need|_counted|_about_machines)\(\s*"([a-z-]+)"', source))
    assert {code for code, _facts, _words in CASES} == written


@pytest.mark.parametrize(("code", "facts", "words"), CASES)
def test_each_has_its_place_in_the_docs(code: str, facts: dict[str, Any], words: str) -> None:
    assert f"| `{code}` |" in (ROOT / "docs" / "admin" / "dashboard.md").read_text()


def test_the_worst_come_first() -> None:
    everything = replace(
        WELL,
        counts={"requests": 1, "failing rows": 1},
        gateways=[gateway(heard_at=None)],
        failed=[CONDOR],
        **in_state("failed"),
    )
    found = needs(everything)
    assert [need.code for need in found] == ["agent", "failed", "rows", "requests"]
    assert [need.severity for need in found] == sorted(need.severity for need in found)
    assert found[0].severity == Severity.TROUBLE


def test_several_that_failed_are_a_list() -> None:
    [need] = needs(replace(WELL, failed=[CONDOR], **in_state("failed", count=7)))
    assert need.sentence == "7 machines failed, and wait for somebody: condor (ana) and more."
    assert need.href == "/manage/machines/?state=failed"


def test_a_worker_that_is_away_is_told_once() -> None:
    [need] = needs(replace(WELL, watch=None))
    assert need.code == "never"
    found = needs(replace(WELL, watch=watch(next_at=AWAY, listed_at=AWAY - MINUTE)))
    assert [need.code for need in found] == ["worker"]


def test_a_cloud_that_is_silent_while_the_worker_is_away_is_told_as_both() -> None:
    found = needs(replace(WELL, watch=watch(next_at=AWAY, listed_at=AWAY, steady_since=None)))
    assert [need.code for need in found] == ["worker", "cloud"]


@pytest.mark.parametrize(("code", "facts", "words"), CASES)
def test_each_is_told_in_spanish(code: str, facts: dict[str, Any], words: str) -> None:
    english = needs(replace(WELL, **facts))[0].sentence
    with override("es"):
        assert needs(replace(WELL, **facts))[0].sentence != english


@pytest.mark.parametrize(
    ("seconds", "words"), [(-1, "0 s"), (8, "8 s"), (60, "1 min"), (7200, "2 h"), (5 * 86400, "5 days")]
)
def test_a_length_of_time_has_one_unit(seconds: int, words: str) -> None:
    assert brief(timedelta(seconds=seconds)).replace("\u00a0", " ") == words
