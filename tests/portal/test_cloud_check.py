"""The check of the cloud for its page: run by one worker, when it is asked for."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cloud.diagnosis import note, right, wrong
from portal.models import CloudCheck
from portal.ops import checks_of_cloud
from portal.ops.cloud_check import LEASE, as_json, ask, from_json, run_if_asked

NOW = timezone.now()
ROWS = [
    right("Cloud", "It answers; its guests are: %(kind)s.", kind="fake"),
    wrong("Images", "There is none that is ready.", "make run"),
]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count the checks that are run."""
    found: list[str] = []

    def check(*, with_guest: bool) -> Any:
        found.append("with a guest" if with_guest else "")
        return iter(ROWS)

    monkeypatch.setattr(checks_of_cloud, "checks_of_all", check)
    return found


def the_row() -> CloudCheck:
    return CloudCheck.objects.get()


def test_nothing_is_looked_at_unless_asked(db: None, looks: list[str]) -> None:
    assert not run_if_asked(NOW)
    assert looks == []


def test_it_is_run_once_and_kept_with_its_time(db: None, looks: list[str]) -> None:
    ask(NOW)
    assert run_if_asked(NOW)
    assert not run_if_asked(NOW)
    assert looks == [""]
    assert (the_row().checked_at, the_row().asked_at, the_row().claimed_until) == (NOW, None, None)
    assert [from_json(row) for row in the_row().rows] == ROWS


def test_to_press_twice_asks_once(db: None) -> None:
    assert ask(NOW)
    assert not ask(NOW)


def test_while_one_worker_is_at_it_no_other_is(db: None, looks: list[str]) -> None:
    ask(NOW)
    CloudCheck.objects.update(claimed_until=NOW + LEASE)
    assert not run_if_asked(NOW + LEASE / 2)
    assert looks == []


def test_after_a_worker_that_was_killed_another_looks(db: None, looks: list[str]) -> None:
    ask(NOW)
    CloudCheck.objects.update(claimed_until=NOW + LEASE)
    assert run_if_asked(NOW + LEASE + timedelta(seconds=1))
    assert looks == [""]


def test_a_slow_one_does_not_take_back_a_later_result(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(**_facts: Any) -> Any:
        CloudCheck.objects.update(asked_at=None, claimed_until=None, rows=[as_json(ROWS[0])], checked_at=NOW)
        return iter(ROWS)

    monkeypatch.setattr(checks_of_cloud, "checks_of_all", slow)
    ask(NOW)
    assert not run_if_asked(NOW - timedelta(minutes=6))
    assert len(the_row().rows) == 1


def test_one_that_ends_early_leaves_the_last_result(
    db: None, looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(NOW)
    run_if_asked(NOW)

    def broken(**_facts: Any) -> Any:
        raise OSError("no route")

    monkeypatch.setattr(checks_of_cloud, "checks_of_all", broken)
    ask(NOW)
    run_if_asked(NOW + timedelta(minutes=1))
    assert (the_row().asked_at, the_row().fault) == (None, "OSError: no route")
    assert (len(the_row().rows), the_row().checked_at) == (2, NOW)


def test_a_sentence_with_numbers_survives_the_way_through_the_row() -> None:
    row = note("Sizes", ("%(count)s thing", "%(count)s things"), "do", count=3)
    assert str(from_json(as_json(row)).found) == "3 things"


def test_an_administrator_presses_and_reads(admin: User, client: Client, looks: list[str]) -> None:
    client.force_login(admin)
    assert "has not been checked from here yet" in client.get("/manage/cloud/").content.decode()
    assert client.post("/manage/cloud/run/").status_code == 302
    assert looks == []  # not by the web process
    assert "A check was asked for" in client.get("/manage/cloud/").content.decode()
    run_if_asked(timezone.now())
    page = client.get("/manage/cloud/").content.decode()
    assert all(
        text in page for text in ("1 right, 0 worth knowing, 1 wrong", "There is none that is ready.", "make run")
    )
    assert page.index("There is none that is ready.") < page.index("its guests are")  # what is wrong comes first


def test_while_a_check_is_awaited_its_part_looks_the_same_and_then_says_what_came_of_it(
    admin: User, client: Client, looks: list[str]
) -> None:
    client.force_login(admin)
    ask(timezone.now())

    def part() -> str:
        return client.get("/manage/cloud/", headers={"HX-Target": "check"}).content.decode()

    assert part() == part()  # a form's token would differ each time
    assert 'hx-trigger="look"' in part()
    assert "data-says" not in part()
    assert "<html" not in part()
    run_if_asked(timezone.now())
    assert 'data-says="1 right, 0 worth knowing, 1 wrong"' in part()
    assert "hx-trigger" not in part()


@pytest.mark.parametrize("who", ["student", "teacher", "donor"])
def test_nobody_else_does(who: str, client: Client, request: pytest.FixtureRequest) -> None:
    client.force_login(request.getfixturevalue(who))
    assert [client.get("/manage/cloud/").status_code, client.post("/manage/cloud/run/").status_code] == [403, 403]
    assert not CloudCheck.objects.exists()


def test_to_run_it_takes_a_post(admin: User, client: Client) -> None:
    client.force_login(admin)
    assert client.get("/manage/cloud/run/").status_code == 405


@pytest.mark.parametrize("said", ["a\0b", {"no", "JSON"}])
def test_what_cannot_be_stored_ends_it_too(db: None, said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        checks_of_cloud, "checks_of_all", lambda **_facts: iter([right("Cloud", "%(said)s", said=said)])
    )
    ask(NOW)
    assert run_if_asked(NOW)
    assert (the_row().asked_at, the_row().claimed_until) == (None, None)
    assert the_row().fault
