"""The pages about people: found, created, changed, shut out and imported by administrators, and by nobody else."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts import people_csv
from accounts.models import User
from quotas.models import Grant
from tests.factories import make_machine

LIST = "name;email\nMaría José Chimbo;mj@example.org\nAndrés Núñez;an@example.org\nBad;nowhere\n"


@pytest.fixture
def office(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def people(count: int) -> None:
    User.objects.bulk_create(
        User(username=f"u{n}", first_name="José", last_name=f"Ñacato {n}", email=f"u{n}@example.org")
        for n in range(count)
    )


def shown(office: Client, **query: str) -> list[str]:
    return [row.user.username for row in office.get("/manage/people/", query).context["rows"]]


# ---- the list ----


@pytest.mark.parametrize("text", ["JOSE nacato 1", "josé ÑACATO 1", "U1@example", "u1"])
def test_people_are_found_whatever_the_accents(office: Client, text: str) -> None:
    people(2)
    assert shown(office, q=text) == ["u1"]


@pytest.mark.parametrize("text", ["%", "_", "\\", "u_0", "jos%"])
def test_marks_of_a_pattern_are_letters_like_others(office: Client, text: str) -> None:
    people(1)
    assert shown(office, q=text) == []


def test_what_has_such_marks_is_found_by_them(office: Client) -> None:
    User.objects.create(username="a_b", last_name="100% \\o/")
    assert [shown(office, q=text) for text in ("a_b", "0%", "\\O", "_b 100%")] == [["a_b"]] * 4


def test_a_curly_apostrophe_is_an_apostrophe(office: Client) -> None:
    User.objects.create(username="dn", last_name="D’Angelo")
    assert shown(office, q="d'angelo") == ["dn"]


def test_filters_leave_roles_states_and_long_absent_people(office: Client, student: User, teacher: User) -> None:
    User.objects.filter(pk=teacher.pk).update(last_login=timezone.now())
    User.objects.filter(pk=student.pk).update(is_active=False)
    assert shown(office, role="teacher") == ["teacher"]
    assert shown(office, state="blocked") == ["student"]
    assert "teacher" not in shown(office, since="90")


def test_the_list_is_put_in_the_order_of_each_column(office: Client, student: User, teacher: User) -> None:
    make_machine(student)
    make_machine(student)
    make_machine(teacher)
    User.objects.filter(pk=teacher.pk).update(last_login=timezone.now(), is_active=False)
    User.objects.filter(username="admin").update(last_login=timezone.now() - timedelta(days=1), first_name="Zoe")
    orders = {
        "": "student teacher admin", "-name": "admin teacher student",
        "username": "admin student teacher", "-username": "teacher student admin",
        "-machines": "student teacher admin", "machines": "admin teacher student",
        "-seen": "teacher admin student", "seen": "student admin teacher",
        "state": "teacher student admin", "-state": "student admin teacher",
    }  # fmt: skip
    assert {order: " ".join(shown(office, sort=order)) for order in orders} == orders


def test_an_empty_list_says_what_was_looked_for_and_leads_back(office: Client) -> None:
    for query, said in (
        ({"q": "zzz"}, "Nothing was found for “zzz”."),
        ({"q": "zzz", "role": "donor"}, "Nothing was found for “zzz” with these filters."),
        ({"state": "invited"}, "Nothing was found with these filters."),
    ):
        page = office.get("/manage/people/", query).content.decode()
        assert said in page
        assert page.count('<a href="/manage/people/">Show all</a>') == 1


@pytest.mark.parametrize("query", [{"role": "king"}, {"since": "x"}, {"state": "x"}, {"sort": "x"}])
def test_a_filter_that_is_none_is_said_at_its_field(office: Client, query: dict[str, str]) -> None:
    assert office.get("/manage/people/", query).status_code == 400


def test_the_list_costs_the_same_for_many(office: Client, django_assert_max_num_queries: Any) -> None:
    people(120)
    office.get("/manage/people/")  # the first page of all notes from where they come
    with django_assert_max_num_queries(10):
        page = office.get("/manage/people/?page=2&q=jose")
    assert len(page.context["rows"]) == 50


def test_whoever_was_removed_is_not_listed(office: Client, student: User) -> None:
    office.post(f"/manage/people/{student.pk}/remove/")
    assert shown(office) == ["admin"]
    assert office.get(f"/manage/people/{student.pk}/").status_code == 404


# ---- one person ----


def test_an_account_is_created_with_a_username_of_its_address(office: Client) -> None:
    typed = {"name": "Ana Núñez", "email": "ana@example.org", "roles": ["student", "teacher"], "invite": "on"}
    reply = office.post("/manage/people/new/", typed)
    person = User.objects.get(username="ana")
    assert (reply["Location"], person.roles) == (f"/manage/people/{person.pk}/", ["student", "teacher"])


def test_a_fault_stands_at_its_field(office: Client, student: User) -> None:
    typed = {"name": "Ana", "email": "student@example.org", "username": "x", "roles": ["student"]}
    reply = office.post("/manage/people/new/", typed)
    assert (reply.status_code, list(reply.context["form"].errors)) == (400, ["email"])


def test_roles_are_changed(office: Client, student: User, admin: User) -> None:
    office.post(f"/manage/people/{student.pk}/roles/", {"roles": ["teacher"]})
    student.refresh_from_db()
    assert student.roles == ["teacher"]
    refused = office.post(f"/manage/people/{admin.pk}/roles/", {"roles": ["teacher"]})
    assert (refused.status_code, "last administrator" in refused.content.decode()) == (409, True)
    assert office.post(f"/manage/people/{student.pk}/roles/", {}).status_code == 400


def test_a_block_and_its_end(office: Client, student: User) -> None:
    for verb, is_active in (("block", False), ("unblock", True)):
        office.post(f"/manage/people/{student.pk}/{verb}/")
        student.refresh_from_db()
        assert student.is_active == is_active


def test_the_last_administrator_reads_why_not(office: Client, admin: User) -> None:
    page = office.post(f"/manage/people/{admin.pk}/block/", follow=True).content.decode()
    assert "last administrator" in page


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"reason": "x"}, "machines"),
        ({"machines": "-1", "reason": "x"}, "machines"),
        ({"machines": "1"}, "reason"),
        ({"machines": "1", "reason": "x", "ends_at": "2020-01-01"}, "ends_at"),
        ({"machines": "1", "reason": "x", "ends_at": "9999-12-31"}, "ends_at"),
        ({"machines": "99999999999", "reason": "x"}, "machines"),
        ({"machines": "1", "reason": "x", "starts_at": "no"}, "starts_at"),
    ],
)
def test_a_bad_grant_is_said_at_its_field(office: Client, student: User, typed: dict[str, str], field: str) -> None:
    reply = office.post(f"/manage/people/{student.pk}/grants/", typed)
    assert (reply.status_code, list(reply.context["grant_form"].errors)) == (400, [field])


def test_the_last_day_of_a_grant_is_the_day_that_people_read(office: Client, student: User) -> None:
    day = timezone.localdate() + timedelta(days=9)
    office.post(
        f"/manage/people/{student.pk}/grants/", {"machines": "2", "reason": "thesis", "ends_at": day.isoformat()}
    )
    ends_at = Grant.objects.get(user=student).ends_at
    assert ends_at
    assert timezone.localtime(ends_at).isoformat()[:16] == f"{day}T23:59"


def test_who_gave_it_is_named(office: Client, student: User, teacher: User) -> None:
    Grant.objects.create(user=student, given_by=teacher, machines=1, reason="thesis")
    page = " ".join(office.get(f"/manage/people/{student.pk}/").content.decode().split())
    assert f"Given by {teacher.shown_name}: thesis" in page
    assert "Given by an administrator" not in page


def test_a_grant_is_ended(office: Client, student: User) -> None:
    office.post(f"/manage/people/{student.pk}/grants/", {"machines": "2", "reason": "thesis"})
    row = Grant.objects.get(user=student)
    office.post(f"/manage/people/{student.pk}/grants/{row.pk}/end/")
    assert not Grant.objects.live(timezone.now()).filter(user=student).exists()


def test_of_another_person_s_grant_there_is_nothing_here(office: Client, student: User, student2: User) -> None:
    row = Grant.objects.create(user=student2, machines=1)
    assert office.post(f"/manage/people/{student.pk}/grants/{row.pk}/end/").status_code == 404


@pytest.mark.parametrize(("invite", "field"), [("on", "email"), ("", "username")])
def test_an_account_of_nobody_is_refused_at_the_field_that_is_needed(office: Client, invite: str, field: str) -> None:
    reply = office.post("/manage/people/new/", {"roles": "student", "invite": invite})
    assert (reply.status_code, list(reply.context["form"].errors)) == (400, [field])


# ---- a list ----


def test_of_one_person_one_is_spoken_of(office: Client) -> None:
    sent = {"csv": "name;email\nAna;ana@example.org\n", "role": "student", "invite": "on"}
    page = " ".join(office.post("/manage/people/import/", sent).content.decode().split())
    said = ("1 person is new", "1 person gets the role Student. A mail with a link to choose a password is sent.")
    assert [words for words in said if words not in page] == []


def test_a_preview_creates_nobody_and_says_what_each_line_does(office: Client) -> None:
    page = office.post("/manage/people/import/", {"csv": LIST, "role": "student"}).content.decode()
    assert all(
        words in page for words in ("2 people are new", "1 line is left out", "Andrés Núñez", "not an e-mail address")
    )
    assert User.objects.count() == 1


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_a_file_goes_through_the_preview_into_the_list(office: Client, encoding: str) -> None:
    file = SimpleUploadedFile("list.csv", LIST.encode(encoding))
    preview = office.post("/manage/people/import/", {"file": file, "role": "teacher"})
    office.post("/manage/people/import/", {"csv": preview.context["text"], "role": "teacher", "create": "yes"})
    assert User.objects.get(username="an").get_full_name() == "Andrés Núñez"
    assert User.objects.get(username="mj").roles == ["teacher"]


@pytest.mark.parametrize(
    "typed",
    [{"csv": ""}, {"csv": "x" * 1_000_001}, {"csv": "a@example.org\n" * 5001}, {"csv": "a\0b"}],
)
def test_a_list_that_cannot_be_read_is_said_at_its_field(office: Client, typed: dict[str, Any]) -> None:
    reply = office.post("/manage/people/import/", {**typed, "role": "student"})
    assert (reply.status_code, list(reply.context["form"].errors)) == (400, ["csv"])


def test_a_file_that_is_too_large_is_said_at_its_field(office: Client) -> None:
    reply = office.post(
        "/manage/people/import/", {"file": SimpleUploadedFile("l", b"x" * 2_000_000), "role": "student"}
    )
    assert (reply.status_code, list(reply.context["form"].errors)) == (400, ["file"])


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_lines_that_are_left_out_can_be_mended_and_imported_again(office: Client, language: str) -> None:
    text = f"{LIST}=1+1;formula@example.org\n"
    reply = office.post(
        "/manage/people/import/left-out/", {"csv": text, "role": "student"}, headers={"accept-language": language}
    )
    assert "attachment" in reply["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(reply.content.decode("utf-8-sig"))))
    assert [(row[0], row[2], row[3]) for row in rows[1:]] == [
        ("4", "Bad", "nowhere"),
        ("5", "'=1+1", "formula@example.org"),
    ]
    assert all(row[4] for row in rows)
    again = people_csv.read(reply.content).lines
    assert [(line.name, line.email) for line in again] == [("Bad", "nowhere"), ("'=1+1", "formula@example.org")]
    assert User.objects.count() == 1


def test_of_a_long_list_what_is_left_out_is_shown_in_the_order_of_the_lines(office: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr("portal.views.people_lists.MOST_SHOWN", 2)
    reply = office.post("/manage/people/import/", {"csv": LIST, "role": "student"})
    assert [shown.line.number for shown in reply.context["lines"]] == [2, 4]
    assert "1 more line is not shown" in reply.content.decode()


def test_nobody_else_comes_in(client: Client, teacher: User, student: User) -> None:
    client.force_login(teacher)
    for address in ("", "new/", "import/", f"{student.pk}/", f"{student.pk}/remove/"):
        assert client.get(f"/manage/people/{address}").status_code == 403
