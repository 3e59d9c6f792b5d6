"""People by the API: for administrators, and for nobody else."""

from typing import Any

import pytest

from accounts.models import User
from quotas.models import Grant
from tests.api.program import Program
from tests.factories import make_machine

ANA = {"username": "ana", "name": "Ana Núñez", "email": "ana@example.org", "roles": ["teacher"]}
LIST = "name;email\nAna Núñez;ana@example.org\nBad;nowhere\n"


@pytest.fixture
def office(admin: User) -> Program:
    return Program(admin)


def test_people_are_listed_with_their_quota_a_page_at_a_time(office: Any, student: User) -> None:
    make_machine(student)
    reply = office.ask("GET", "people/?limit=1&search=STUDENT")
    found = reply.json()[0]
    assert (found["username"], found["roles"], found["blocked"], found["machines"]) == (
        "student",
        ["student"],
        False,
        1,
    )
    assert found["quota"]["machines"]["used"] == 1
    assert "Link" not in reply.headers
    assert "Link" in office.ask("GET", "people/?limit=1").headers


def test_the_list_costs_the_same_for_many(office: Any, django_assert_max_num_queries: Any) -> None:
    User.objects.bulk_create(User(username=f"u{n}") for n in range(150))
    office.ask("GET", "me/")  # the first request notes from where it comes
    with django_assert_max_num_queries(10):
        assert len(office.ask("GET", "people/").json()) == 100


def test_an_account_is_created_changed_blocked_and_removed(office: Any) -> None:
    made = office.ask("POST", "people/", {**ANA, "invite": True})
    assert (made.status_code, made.json()["name"]) == (201, "Ana Núñez")
    changed = office.ask("PATCH", "people/ana/", {"roles": ["student", "donor"], "blocked": True}).json()
    assert (changed["roles"], changed["blocked"]) == (["student", "donor"], True)
    assert office.ask("PATCH", "people/ANA/", {"blocked": False}).json()["blocked"] is False
    assert (office.ask("DELETE", "people/ana/").status_code, office.ask("GET", "people/ana/").status_code) == (204, 404)


@pytest.mark.parametrize(
    "sent",
    [{"username": "admin"}, {"username": "a b"}, {"username": "x", "email": "no"}, {"username": "x", "roles": []},
     {"username": "x", "roles": ["king"]}, {}],
)  # fmt: skip
def test_a_wrong_field_is_named(office: Any, sent: dict[str, Any]) -> None:
    reply = office.ask("POST", "people/", sent)
    assert (reply.status_code, reply.json()["code"], len(reply.json()["errors"])) == (400, "invalid", 1)


def test_the_last_administrator_stays(office: Any) -> None:
    assert office.ask("DELETE", "people/admin/").json()["code"] == "last_administrator"
    assert office.ask("PATCH", "people/admin/", {"roles": ["student"]}).json()["code"] == "last_administrator"


def test_of_two_changes_that_come_together_none_is_made_where_one_is_refused(office: Any, student: User) -> None:
    reply = office.ask("PATCH", "people/admin/", {"roles": ["admin", "teacher"], "blocked": True})
    assert reply.json()["code"] == "last_administrator"
    assert User.objects.get(username="admin").roles == ["admin"]


def test_a_list_is_looked_at_and_then_imported(office: Any) -> None:
    first = office.ask("POST", "people/import/", {"csv": LIST}).json()
    assert [line["status"] for line in first] == ["new", "bad"]
    assert not User.objects.filter(username="ana").exists()
    office.ask("POST", "people/import/", {"csv": LIST, "dry_run": False})
    assert User.objects.get(username="ana").roles == ["student"]
    assert office.ask("POST", "people/import/", {"csv": ""}).status_code == 400


def test_quota_is_given_and_ended(office: Any, student: User) -> None:
    sent = {"amounts": {"machines": 2}, "reason": "thesis", "ends_at": "2099-01-01T00:00:00Z"}
    given = office.ask("POST", "people/student/grants/", sent).json()
    assert (given["amounts"], given["given_by"]) == ({"machines": 2}, "admin")
    assert [row["id"] for row in office.ask("GET", "people/student/grants/").json()] == [given["id"]]
    assert office.ask("DELETE", f"people/student/grants/{given['id']}/").status_code == 204
    assert office.ask("GET", "people/student/grants/").json() == []


def test_only_what_was_given_by_hand_is_ended(office: Any, student: User) -> None:
    row = Grant.objects.create(user=student, machines=1, source="course")
    assert office.ask("DELETE", f"people/student/grants/{row.pk}/").json()["code"] == "not_by_hand"


def test_nobody_else_comes_in(teacher: User) -> None:
    api: Any = Program(teacher)
    for address in ("people/", "people/teacher/", "people/nobody/", "people/teacher/grants/"):
        assert api.ask("GET", address).status_code == 403
    assert api.ask("POST", "people/import/", {"csv": LIST}).status_code == 403
