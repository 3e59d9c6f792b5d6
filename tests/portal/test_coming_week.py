"""The next 7 days: worked out by a worker, the same for the page, the dashboard and `manage.py idle --dry-run`."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cloud.contract import Host
from machines.models import Machine
from nodes.hypervisors import looks
from nodes.models import Node
from portal.dashboard import coming_week, findings
from portal.dashboard.coming_week import Week
from portal.models import Finding
from tests.machines.idle.quiet import row

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
QUITO = "America/Guayaquil"  # UTC-5


@pytest.fixture
def machines(student: User) -> dict[str, Machine]:
    now = timezone.now()
    return {
        name: row(student, now, state=state, name=name)
        for name, state in (("condor", "running"), ("puma", "suspended"))
    }


def page(client: Client, admin: User, query: str = "") -> str:
    client.force_login(admin)
    reply = client.get(f"/manage/idle/{query}")
    assert reply.status_code == 200
    return str(reply.content.decode())


def test_the_page_the_dashboard_and_the_command_tell_the_same(
    machines: dict[str, Machine], client: Client, admin: User, capsys: pytest.CaptureFixture[str]
) -> None:
    coming_week.work_out(timezone.now())
    call_command("idle", "--dry-run", "--lang", "en")
    assert "2 machines are put away." in capsys.readouterr().out
    assert coming_week.stored().counts == {"sleep": 1, "put_away": 2, "archive": 0, "delete": 0}
    assert "Are put away <b>2</b>" in page(client, admin)
    dashboard = " ".join(client.get("/manage/").content.decode().split())
    assert '/manage/idle/?deed=put_away"> 2 machines' in dashboard


def test_one_deed_is_chosen(machines: dict[str, Machine], client: Client, admin: User) -> None:
    coming_week.work_out(timezone.now())
    text = page(client, admin, "?deed=sleep")
    assert ("condor" in text, "puma" in text) == (True, False)
    assert "puma" in page(client, admin, "?deed=nonsense")


def test_the_soonest_comes_first(machines: dict[str, Machine], client: Client, admin: User) -> None:
    coming_week.work_out(timezone.now())
    lines = coming_week.stored().lines()
    assert [at for at, _deed, _machine in lines] == sorted(at for at, _deed, _machine in lines)
    assert lines[0][1] == "sleep"


def test_one_that_is_gone_meanwhile_is_told_as_such(machines: dict[str, Machine], client: Client, admin: User) -> None:
    coming_week.work_out(timezone.now())
    Machine.objects.filter(name="puma").update(state="gone", wanted="gone")
    text = page(client, admin)
    assert ("Gone meanwhile" in text, "puma" in text) == (True, False)


def test_each_number_of_a_day_says_what_of_and_nought_is_left_out_on_a_phone(
    machines: dict[str, Machine], client: Client, admin: User
) -> None:
    coming_week.work_out(timezone.now())
    cells = re.findall(r'<td class="(num(?: none)?)"\s+data-label="([^"]+)">(\d+)', page(client, admin))
    assert {label for _css, label, _n in cells} == {"Go to sleep", "Are put away", "Are archived", "Are deleted"}
    assert all((css == "num none") == (number == "0") for css, _label, number in cells)


def test_days_are_those_of_the_readers_zone() -> None:
    late = int(datetime(2026, 3, 3, 4, 59, tzinfo=UTC).timestamp())  # 23:59 of the day before in Quito
    week = Week({"sleep": [("x", late), ("y", late + 60)], "delete": [("z", late)]})
    with timezone.override(QUITO):
        assert week.by_day() == [(date(2026, 3, 2), [1, 0, 0, 1]), (date(2026, 3, 3), [1, 0, 0, 0])]


def test_before_a_worker_has_worked_it_out_the_page_says_so(client: Client, admin: User) -> None:
    assert "Not calculated yet" in page(client, admin)


@pytest.mark.parametrize("who", ["student", "teacher", "donor"])
@pytest.mark.parametrize("address", ["/manage/", "/manage/idle/"])
def test_nobody_else_sees_it(who: str, address: str, client: Client, request: pytest.FixtureRequest) -> None:
    client.force_login(request.getfixturevalue(who))
    assert client.get(address).status_code == 403


def test_of_two_workers_the_later_finding_stays(db: None) -> None:
    for seconds in (0, 10, 5):
        findings.keep({"deeds": {"n": seconds}}, NOW + timedelta(seconds=seconds))
    assert Finding.objects.get().data == {"n": 10}


def test_the_worker_keeps_the_computers_of_the_cluster(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from machines import cloud_identity
    from portal import tasks
    from tests.cloud.fake import FakeCloud

    cloud: Any = FakeCloud()
    monkeypatch.setattr(cloud_identity, "opened", lambda: cloud)
    tasks.watch_nodes()
    assert Node.objects.count() == 2
    before = list(Node.objects.values())
    cloud.busy = True
    tasks.watch_nodes()
    assert list(Node.objects.values()) == before


@pytest.mark.parametrize("fact", ["up", "enabled"])
def test_since_when_a_computer_is_away_is_kept_and_shown(admin: User, client: Client, fact: str) -> None:
    quinde, tucan = (Host(name, up=True, enabled=True) for name in ("quinde", "tucan"))
    client.force_login(admin)
    times = [NOW + timedelta(hours=hour) for hour in range(4)]
    for at, is_well, since in zip(times, (True, False, False, True), (None, times[1], times[1], times[3]), strict=True):
        tucan = replace(tucan, **{fact: is_well})
        looks.look([tucan, quinde], at)
        assert list(Node.objects.values_list("since", flat=True)) == [None, since]
        shown = client.get("/manage/").content.decode()
        assert ("so since 2\xa0Mar\xa02026, 11:00" in shown) is not is_well
