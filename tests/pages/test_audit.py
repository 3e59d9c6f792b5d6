"""The audit log as administrators search it, and as owners see what concerns them."""

import csv
import io
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from django.db import connection
from django.test import AsyncClient, Client
from django.utils import timezone, translation

from accounts.audit.trail import Thing, record
from accounts.models import AuditRow, User
from lib.spreadsheets import text_cell
from machines import actions
from portal.presenters.audit_details import words_of
from portal.presenters.audit_rows import Filters
from quotas import requests_for_more
from quotas.models import QuotaRequest
from tests.api.program import Program
from tests.factories import make_machine


@pytest.fixture
def boss(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def row(who: User | None, whom: User, verb: str = "suspend", name: str = "condor") -> AuditRow:
    record(by=who, verb=verb, whom=whom, thing=Thing("machine", 7, name))
    return AuditRow.objects.latest("pk")


def test_what_an_administrator_does_is_there_with_the_address(boss: Client, student: User) -> None:
    machine = make_machine(student)
    boss.post(f"/machines/{machine.pk}/suspend/", REMOTE_ADDR="192.0.2.7")
    found = AuditRow.objects.get()
    assert (found.verb, found.whom, found.name, found.address) == ("suspend", student, machine.name, "192.0.2.7")


def test_what_is_refused_is_not_there(boss: Client, student: User) -> None:
    machine = make_machine(student, state="suspended")
    boss.post(f"/machines/{machine.pk}/suspend/")
    assert not AuditRow.objects.exists()


def test_what_the_owner_does_is_not_there(student: User) -> None:
    actions.suspend(machine=make_machine(student), by=student)
    actions.suspend(machine=make_machine(student, name="other"), by=None)  # the idle rules
    assert not AuditRow.objects.exists()


@pytest.mark.parametrize(
    ("query", "found"),
    [("", 3), ("who=admin", 2), ("who=manage.py", 1), ("whom=student2", 1), ("verb=delete", 1), ("q=cond", 2), ("q=ndor", 0),
     ("q=student2", 1), ("since=2020-01-01", 3), ("since=2999-01-01", 0), ("who=nobody", 0), ("who=admin&verb=delete", 1)],
)  # fmt: skip
def test_filters(boss: Client, admin: User, student: User, student2: User, query: str, found: int) -> None:
    row(admin, student)
    row(admin, student2, "delete")
    row(None, student, "give_grant", "thesis")
    assert boss.get(f"/manage/audit/?{query}").content.count(b"<h2>") == found


@pytest.mark.parametrize("query", ["since=yesterday", "since=0001-01-01", "verb=nothing", "who=" + "x" * 200])
def test_a_bad_filter_says_so_at_its_field(boss: Client, query: str) -> None:
    answer = boss.get(f"/manage/audit/?{query}")
    assert answer.status_code == 400
    assert b"errorlist" in answer.content


@pytest.mark.parametrize(
    "query", ["before=x", "before=-1", "before=" + "9" * 30, "q=%00", "q=%25_%5C", "who=%ED%A0%80"]
)
def test_odd_queries_break_nothing(boss: Client, query: str) -> None:
    assert boss.get(f"/manage/audit/?{query}").status_code < 500


def test_equal_rows_of_one_minute_are_one_line(boss: Client, admin: User, student: User) -> None:
    minute = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
    facts = {"who": admin, "whom": student, "verb": "suspend", "kind": "machine"}
    for second, name in enumerate(("condor", "condor", "condor", "other")):
        AuditRow.objects.create(**facts, name=name, at=minute + timedelta(seconds=second))
    page = " ".join(boss.get("/manage/audit/").content.decode().split())
    assert page.count("<h2>") == 2
    assert "condor, 3 times</h2>" in page


def test_pages_follow_each_other_without_a_gap(boss: Client, admin: User, student: User, monkeypatch: Any) -> None:
    monkeypatch.setattr("portal.presenters.audit_rows.ON_A_PAGE", 2)
    rows = [row(admin, student, name=f"machine-{number}") for number in range(3)]
    first = boss.get("/manage/audit/").content.decode()
    assert "machine-2" in first
    assert "machine-0" not in first  # a random token of the page may have any two letters
    assert "machine-0" in boss.get(f"/manage/audit/?before={rows[1].pk}").content.decode()


def test_the_page_takes_as_many_queries_with_many_rows(
    boss: Client, admin: User, student: User, django_assert_max_num_queries: Any
) -> None:
    for _number in range(30):
        row(admin, student)
    boss.get("/manage/audit/")  # notes from where they come
    with django_assert_max_num_queries(6):
        boss.get("/manage/audit/")


@pytest.mark.parametrize("who", ["student", "teacher", "donor"])
@pytest.mark.parametrize("address", ["/manage/audit/", "/manage/audit/export/", "/manage/terms/"])
def test_nobody_else_reads_it(who: str, address: str, request: pytest.FixtureRequest, client: Client) -> None:
    client.force_login(request.getfixturevalue(who))
    assert client.get(address).status_code == 403


def test_an_owner_sees_what_was_done_with_their_things_and_not_from_where(
    client: Client, admin: User, student: User, student2: User
) -> None:
    AuditRow.objects.create(who=admin, whom=student, verb="suspend", kind="machine", name="mine", address="192.0.2.7")
    row(admin, student2, name="another")
    client.force_login(student)
    page = client.get("/account/staff/").content.decode()
    assert "mine" in page
    assert "another" not in page
    assert "192.0.2.7" not in page


def test_of_one_machine_alone(client: Client, admin: User, student: User) -> None:
    machine = make_machine(student)
    row(admin, student, name="another")
    actions.suspend(machine=machine, by=admin)
    client.force_login(student)
    assert f"/account/staff/?machine={machine.pk}" in client.get(f"/machines/{machine.pk}/history/").content.decode()
    assert client.get(f"/account/staff/?machine={machine.pk}").content.count(b"<h2>") == 1


def test_a_person_who_is_no_more_has_a_number(boss: Client, admin: User, student: User) -> None:
    row(admin, student)
    number = student.pk
    student.delete()
    assert f"#{number}" in boss.get("/manage/audit/").content.decode()


# ---- the details, in words ----


@pytest.mark.parametrize(
    ("detail", "english", "spanish"),
    [
        ({"roles": ["student", "teacher"], "imported": True}, "Student, Teacher · from a list", "Estudiante, Docente · de una lista"),
        ({"amounts": {"machines": 2}, "ends_at": None}, "2 machines · no end date", "2 máquinas · sin fecha de fin"),
        ({"amounts": {"ram_mb": 2048}, "ends_at": "2027-03-01T22:59:59+00:00", "note": "For the thesis"},
         "2\u00a0GB of memory · until 1\u00a0Mar\u00a02027, 22:59 · For the thesis",
         "2\u00a0GB de memoria · hasta el 1\u00a0mar\u00a02027, 22:59 · For the thesis"),
        ({"offered": False}, "no longer offered", "ya no se ofrece"),
        ({"fields": ["name", "services"]}, "Name, Services", "Nombre, Servicios"),
        ({"dismissed": ["refused", "refused_note"]}, "what the cluster refused", "lo que el clúster rechazó"),
        ({"shown": "SHA256:abc"}, "SHA256:abc", "SHA256:abc"),
        ({"something": "that a later version writes", "roles": ["a later role"]}, "a later role", "a later role"),
        ({}, "", ""),
    ],
)  # fmt: skip
def test_details_stand_there_in_words(detail: dict[str, Any], english: str, spanish: str) -> None:
    for language, words in (("en", english), ("es", spanish)):
        with translation.override(language):
            assert words_of(detail) == words


def test_an_approval_says_how_much_and_until_when(boss: Client, admin: User, student: User) -> None:
    request = QuotaRequest.objects.create(user=student, subject=1, title={"en": "Lab"}, reason="Thesis", machines=2)
    requests_for_more.approve(request=request, by=admin, note="Good luck", ends_at=None)
    assert "2 machines · no end date · Good luck" in boss.get("/manage/audit/").content.decode()


# ---- the export ----


async def _export(admin: User, query: str = "") -> list[list[str]]:
    client = AsyncClient()
    await client.aforce_login(admin)
    answer = cast("Any", await client.get(f"/manage/audit/export/{query}", headers={"Accept-Encoding": "gzip"}))
    assert answer["Content-Encoding"] == "identity"  # a browser reads the first of several packed parts, and no more
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join([part async for part in answer.streaming_content]).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.django_db(transaction=True)
async def test_the_export_has_all_that_the_filters_leave(admin: User, student: User, monkeypatch: Any) -> None:
    monkeypatch.setattr("portal.presenters.audit_rows.OF_AN_EXPORT", 2)
    old = timezone.now() - timedelta(days=1)
    await AuditRow.objects.abulk_create(
        AuditRow(who=admin, whom=student, verb=verb, kind="machine", at=old) for verb in ("wake", *["suspend"] * 5)
    )
    lines = await _export(admin, "?verb=suspend")
    assert lines[0][:4] == ["id", "at (UTC)", "who", "verb"]
    assert [line[2:5] for line in lines[1:]] == [["admin", "suspend", "student"]] * 5


@pytest.mark.django_db(transaction=True)
async def test_what_looks_like_a_formula_stays_text(admin: User, student: User) -> None:
    await AuditRow.objects.acreate(who=admin, whom=student, verb="suspend", kind="machine", name="=HYPERLINK(1)")
    assert (await _export(admin))[1][7] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx", " =1", "＝1"])
def test_each_beginning_of_a_formula(text: str) -> None:
    assert text_cell(text) == f"'{text}"


@pytest.mark.parametrize("before", ["a;", "a; ", 'a;"', "a\t", "a\n", "a\r\n"])
def test_a_formula_behind_what_separates_cells_elsewhere(before: str) -> None:
    assert text_cell(f"{before}=1") == f"{before}'=1"


@pytest.mark.parametrize("text", ["condor", "a=1", "a;b", "1, -1", "", 7])
def test_other_cells_stay_as_they_are(text: object) -> None:
    assert text_cell(text) == str(text)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Filters(verbs=("suspend",)), "audit_by_verb"),
        (Filters(who="teacher"), "audit_by_who"),
        (Filters(whom="student"), "audit_by_whom"),
        (Filters(since=timezone.now()), "audit_by_time"),
    ],
)
def test_rare_rows_among_many_are_found_by_index(
    admin: User, teacher: User, student: User, student2: User, wanted: Filters, index: str
) -> None:
    old = timezone.now() - timedelta(days=1)
    many = AuditRow(who=admin, whom=student2, verb="wake", kind="machine", at=old)
    rare = AuditRow(who=teacher, whom=student, verb="suspend", kind="machine", at=old)
    AuditRow.objects.bulk_create([rare, *(copy(many) for _row in range(5_000))])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_auditrow")
    assert index in wanted.narrow(AuditRow.objects.all()).order_by("-pk")[:51].explain()


def test_the_api_lists_what_is_ones_own_without_addresses(admin: User, student: User, student2: User) -> None:
    AuditRow.objects.create(who=admin, whom=student, verb="suspend", kind="machine", name="mine", address="192.0.2.7")
    row(None, student2, "give_grant")
    [mine] = Program(student).ask("GET", "audit/").json()
    assert (mine["who"], mine["whom"], mine["object"]["name"], mine["address"]) == ("admin", "student", "mine", "")
    everything = Program(admin).ask("GET", "audit/").json()
    assert [(each["who"], each["address"]) for each in everything] == [("manage.py", ""), ("admin", "192.0.2.7")]


@pytest.mark.parametrize(
    ("query", "found"),
    [("who=admin", 1), ("who=manage.py", 1), ("whom=student", 2), ("verb=suspend,wake", 1), ("since=2020-01-01T00:00:00Z", 2),
     ("since=2999-01-01T00:00:00%2B02:00", 0), ("limit=1", 1)],
)  # fmt: skip
def test_the_api_filters(admin: User, student: User, query: str, found: int) -> None:
    row(admin, student)
    row(None, student, "give_grant")
    assert len(Program(admin).ask("GET", f"audit/?{query}").json()) == found


@pytest.mark.parametrize(
    "query", ["since=2020-01-01", "since=x", "since=0001-01-01T00:00:00%2B14:00", "verb=x", "cursor=x"]
)
def test_the_api_refuses_what_is_no_filter(admin: User, query: str) -> None:
    assert Program(admin).ask("GET", f"audit/?{query}").status_code == 400
