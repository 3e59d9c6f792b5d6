"""Announcements by the API: everybody reads theirs, administrators write; and a pause refuses launches with its code."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.announcements import writing
from accounts.models import Announcement, User

HOUR = timedelta(hours=1)


@pytest.fixture
def office(admin: User) -> Any:
    from tests.api.program import Program

    return Program(admin)


def told(**facts: Any) -> dict[str, Any]:
    return {"text_en": "Hello", "ends_at": (timezone.now() + HOUR).isoformat(), **facts}


def test_administrators_announce_change_and_remove(office: Any) -> None:
    made = office.ask("POST", "announcements/", told(audience="students"))
    assert (made.status_code, made.json()["pauses_launches"]) == (201, False)
    one = f"announcements/{made.json()['id']}/"
    assert office.ask("PATCH", one, {"text_es": "Hola"}).json()["text_es"] == "Hola"
    assert [office.ask("DELETE", one).status_code for _twice in range(2)] == [204, 404]


def test_others_read_what_is_meant_for_them_and_write_nothing(api: Any, office: Any) -> None:
    for audience in ("students", "teachers"):
        office.ask("POST", "announcements/", told(audience=audience, text_en=audience))
    assert [each["text_en"] for each in api.ask("GET", "announcements/").json()] == ["students"]
    assert len(office.ask("GET", "announcements/").json()) == 2
    refused = [
        api.ask("POST", "announcements/", told()),
        api.ask("DELETE", f"announcements/{Announcement.objects.first().pk}/"),
    ]  # type: ignore[union-attr]
    assert [reply.status_code for reply in refused] == [403, 403]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"text_en": ""}, "text_en"), ({"ends_at": None}, "ends_at"), ({"ends_at": "soon"}, "ends_at"), ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),
        ({"audience": "cats"}, "audience"), ({"pauses_launches": "perhaps"}, "pauses_launches"), ({"text_es": 5}, "text_es"),
        ({"starts_at": "0001-01-01T00:00:00Z"}, "starts_at"), ({"ends_at": "9999-12-31T23:59:59-12:00"}, "ends_at"),
    ],
)  # fmt: skip
def test_a_fault_names_its_field(office: Any, facts: dict[str, Any], field: str) -> None:
    reply = office.ask("POST", "announcements/", told(**facts))
    assert (reply.status_code, [each["field"] for each in reply.json()["errors"]]) == (400, [field])


def test_what_is_over_is_not_changed(office: Any) -> None:
    row = writing.announce(text_en="x", text_es="", ends_at=timezone.now() + HOUR, by=None)
    writing.end(announcement=row, by=None)
    reply = office.ask("PATCH", f"announcements/{row.pk}/", {"text_en": "y"})
    assert (reply.status_code, reply.json()["code"]) == (409, "announcement_over")


def test_a_pause_refuses_launches_with_its_code(api: Any, office: Any) -> None:
    office.ask("POST", "announcements/", told(pauses_launches=True))
    reply = api.ask("POST", "machines/", {"template": "lab"})
    assert (reply.status_code, reply.json()["code"]) == (409, "launches_paused")
    assert "Launching is paused until" in reply.json()["detail"]
    assert office.ask("POST", "machines/", {"template": "lab"}).json()["code"] == "unknown_template"


def test_the_list_of_machines_takes_the_filters_of_the_page(office: Any, machine: Any) -> None:
    for query, found in (
        ("search=student+min", 1), ("search=nobody", 0), ("owner_role=student", 1), ("owner_role=teacher", 0), ("host=x", 0),
        ("unhealthy=true", 0), ("unused_since=2020-01-01T00:00:00Z", 0), ("unused_since=2099-01-01T00:00:00Z", 1),
    ):  # fmt: skip
        assert len(office.ask("GET", f"machines/?all=1&{query}").json()) == found, query
    for bad in ("owner_role=king", "unhealthy=x", "unused_since=x"):
        assert office.ask("GET", f"machines/?{bad}").status_code == 400
