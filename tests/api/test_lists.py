"""Lists of the API: a page at a time, by what a program looks for, and not again where nothing changed."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import override_settings

from accounts.models import User
from catalog.models import Image
from machines.models import Machine, Stray
from portal.api import throttle
from tests.api.program import Program
from tests.factories import make_machine, make_template

ADMIN_LISTS = ("servers/", "catalog/images/", "catalog/sizes/")
LISTS = ("machines/", "events/", "keys/", "templates/", "machines/{pk}/events/", "machines/{pk}/ports/", *ADMIN_LISTS)


def follow(program: Program, path: str) -> list[list[dict[str, Any]]]:
    """Every page of a list, by the Link header alone."""
    pages = []
    while path:
        answer = program.ask("GET", path)
        assert answer.status_code == 200, answer.content
        pages.append(answer.json())
        link = re.fullmatch(r'<http://testserver/api/v1/(.+)>; rel="next"', answer.get("Link", ""))
        path = link[1] if link else ""
    return pages


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


# ---- pages ----


def test_the_pages_together_are_the_list(api: Program) -> None:
    for _number in range(5):
        make_machine(api.user)
    whole = ids(api.ask("GET", "machines/").json())
    pages = follow(api, "machines/?limit=2")
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [pk for page in pages for pk in ids(page)] == whole


def test_a_row_that_comes_meanwhile_shifts_nothing(api: Program) -> None:
    old = [str(make_machine(api.user).pk) for _number in range(3)][::-1]
    first = api.ask("GET", "machines/?limit=2")
    make_machine(api.user)
    rest = first["Link"].split("/api/v1/")[1].split(">")[0]
    assert ids(first.json()) + ids(api.ask("GET", rest).json()) == old


def test_rows_of_one_moment_are_told_once(api: Program) -> None:
    made = {str(make_machine(api.user).pk) for _number in range(4)}
    Machine.objects.update(created_at=datetime.fromisoformat("2026-11-26T12:00:00.123456+00:00"))
    told = [pk for page in follow(api, "machines/?limit=1") for pk in ids(page)]
    assert (len(told), set(told)) == (4, made)


@pytest.mark.parametrize("path", LISTS)
def test_every_list_has_pages(path: str, admin: User) -> None:
    machine = make_machine(admin)
    make_template(slug="second")
    for number in "ab":
        Stray.objects.create(server_id=number, name=number, kind="other")
        Image.objects.create(cloud_id=f"more-{number}", name=number)
    program = Program(admin)
    for name in "cd":
        program.ask("POST", "keys/make/", {"name": name})
        program.ask("PATCH", f"machines/{machine.pk}/", {"name": name})
    path = path.format(pk=machine.pk)
    whole = program.ask("GET", path).json()
    assert [row for page in follow(program, f"{path}?limit=1") for row in page] == whole


def test_the_changes_of_a_template_have_pages(admin: User) -> None:
    program, template = Program(admin), make_template()
    for name in "abc":
        program.ask("PATCH", f"templates/{template.slug}/", {"name": name})
    assert [len(page) for page in follow(program, f"templates/{template.slug}/changes/?limit=2")] == [2, 1]


@pytest.mark.parametrize("query", ["cursor=x", "cursor=%00", "limit=0", "limit=201", "limit=x"])
def test_a_page_that_is_none_is_refused(api: Program, query: str) -> None:
    answer = api.ask("GET", f"machines/?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("other", ["events/", "templates/", "keys/"])
def test_a_cursor_of_another_list_is_refused(api: Program, other: str) -> None:
    for _number in range(2):
        make_machine(api.user)
    cursor = api.ask("GET", "machines/?limit=1")["Link"].split("cursor=")[1].split(">")[0]
    assert api.ask("GET", f"{other}?cursor={cursor}").status_code == 400


def test_a_strangers_cursor_shows_nothing_of_mine(api: Program, stranger: Program) -> None:
    for _number in range(2):
        make_machine(api.user)
    rest = api.ask("GET", "machines/?limit=1")["Link"].split("/api/v1/")[1].split(">")[0]
    assert stranger.ask("GET", rest).json() == []


# ---- filters ----


@pytest.mark.parametrize(("state", "found"), [("running", "b"), ("suspending", "a"), ("running,suspending", "ab")])
def test_machines_by_the_state_that_is_told(api: Program, state: str, found: str) -> None:
    make_machine(api.user, name="a", state="running", wanted="suspended")
    make_machine(api.user, name="b")
    make_machine(api.user, name="c", state="suspended")
    assert {m["name"] for m in api.ask("GET", f"machines/?state={state}").json()} == set(found)


def test_machines_by_template_and_by_name(api: Program) -> None:
    make_machine(api.user, name="Thesis")
    assert len(api.ask("GET", "machines/?template=lab&name=thesis").json()) == 1
    assert api.ask("GET", "machines/?template=other").json() == []


def test_an_administrator_finds_the_machines_of_one_person(admin: User, student: User, student2: User) -> None:
    for person in (student, student2):
        make_machine(person)
    assert [m["owner"] for m in Program(admin).ask("GET", "machines/?owner=student2").json()] == ["student2"]


def test_a_stranger_who_asks_for_an_owner_finds_nothing(stranger: Program, machine: Machine) -> None:
    assert stranger.ask("GET", f"machines/?owner={machine.owner.username}").json() == []


def test_events_and_servers_by_kind(api: Program, machine: Machine, admin: User) -> None:
    api.ask("PATCH", f"machines/{machine.pk}/", {"name": "another"})
    assert {event["kind"] for event in api.ask("GET", "events/?kind=wished").json()} == {"wished"}
    for kind in ("other", "lost"):
        Stray.objects.create(server_id=kind, name=kind, kind=kind)
    assert [server["kind"] for server in Program(admin).ask("GET", "servers/?kind=lost").json()] == ["lost"]


def test_templates_by_author(api: Program, teacher: User) -> None:
    make_template()
    make_template(slug="theirs", created_by=teacher)
    assert [t["slug"] for t in api.ask("GET", f"templates/?author={teacher.username}").json()] == ["theirs"]


def test_an_unknown_state_is_refused_with_those_there_are(api: Program) -> None:
    answer = api.ask("GET", "machines/?state=asleep")
    assert (answer.status_code, "suspended" in answer.json()["detail"]) == (400, True)


# ---- not again ----


def test_what_has_not_changed_is_not_sent_again(api: Program, machine: Machine) -> None:
    first = api.ask("GET", "machines/")
    again = api.ask("GET", "machines/", **{"If-None-Match": first["ETag"]})
    assert (first["ETag"][:2], again.status_code, again.content, again["ETag"]) == ("W/", 304, b"", first["ETag"])


def test_a_change_without_a_row_of_its_own_is_sent(api: Program) -> None:
    """The percentage of a launch grows with the clock alone."""
    make_machine(api.user, state="building")
    tag = api.ask("GET", "machines/")["ETag"]
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=20), tick=False):
        assert api.ask("GET", "machines/", **{"If-None-Match": tag}).status_code == 200


def test_another_language_is_another_list(api: Program, machine: Machine) -> None:
    tag = api.ask("GET", "machines/")["ETag"]
    assert api.ask("GET", "machines/", **{"If-None-Match": tag, "Accept-Language": "es"}).status_code == 200


def test_one_of_several_tags_is_enough(api: Program) -> None:
    tag = api.ask("GET", "keys/")["ETag"].removeprefix("W/")
    assert api.ask("GET", "keys/", **{"If-None-Match": f'"other", {tag}'}).status_code == 304


# ---- how often ----


def test_reading_beyond_the_limit_is_refused_until_the_next_minute(
    api: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "READS", type(throttle.READS)())
    with (
        override_settings(API_READS_A_MINUTE=2),
        time_machine.travel(datetime(2026, 11, 26, 12, 0, 10), tick=False) as clock,
    ):
        answers = [api.ask("GET", "me/") for _number in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert (answers[-1].json()["code"], answers[-1]["Retry-After"]) == ("throttled", "50")
        assert Program(api.user).ask("GET", "me/").status_code == 200  # another token has its own count
        clock.shift(50)
        assert api.ask("GET", "me/").status_code == 200
