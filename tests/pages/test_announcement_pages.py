"""Announcements on pages: the banner, how it is put away, the pages on which they are written, and a pause of launches."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.announcements import writing
from accounts.models import Announcement, AuditRow, User
from machines.models import Machine
from tests.factories import grant, make_gateway, make_machine, make_template

PAGE = "/manage/announcements/"
HOUR = timedelta(hours=1)


@pytest.fixture
def office(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def student_s(student: User) -> Client:
    client = Client()
    client.force_login(student)
    return client


def announce(**facts: Any) -> Announcement:
    given = {"text_en": "Hello", "text_es": "Hola", "ends_at": timezone.now() + HOUR, **facts}
    return writing.announce(by=None, **given)


def typed(**facts: str) -> dict[str, str]:
    later = timezone.localtime() + HOUR
    return {"text_en": "Hello", "text_es": "", "audience": "everyone", "ends_at": f"{later:%Y-%m-%dT%H:%M}", **facts}


# ---- the banner ----


def test_every_page_has_it_in_the_reader_s_language(student_s: Client) -> None:
    announce(text_es="")
    page = student_s.get("/keys/", headers={"Accept-Language": "es"}).content.decode()
    assert '<div lang="en"><p>Hello</p></div>' in page


def test_text_of_an_announcement_is_text(student_s: Client) -> None:
    announce(text_en='<script>x</script> <a href="javascript:x">y</a> https://example.org/a?b=1&c=2')
    page = student_s.get("/").content.decode()
    assert "<script>x" not in page
    assert 'href="javascript' not in page
    assert '<a href="https://example.org/a?b=1&amp;c=2" rel="nofollow">' in page


def test_it_costs_no_query(student_s: Client, student: User, django_assert_num_queries: Any) -> None:
    student_s.get("/keys/")
    with CaptureQueriesContext(connection) as before:
        student_s.get("/keys/")
    announce()
    with django_assert_num_queries(len(before)):
        assert b"Hello" in student_s.get("/keys/").content


def test_it_is_put_away_where_it_stood(student_s: Client) -> None:
    row = announce()
    reply = student_s.post(f"/announcements/{row.pk}/dismiss/", {"next": "/keys/"})
    assert reply["Location"] == "/keys/"
    assert b"Hello" not in student_s.get("/keys/").content
    assert student_s.post(f"/announcements/{row.pk}/dismiss/", {"next": "//evil.example"})["Location"] == "/"


def test_what_is_meant_for_others_is_not_there(student_s: Client) -> None:
    row = announce(audience="teachers")
    assert student_s.post(f"/announcements/{row.pk}/dismiss/").status_code == 404
    assert b"Hello" not in student_s.get("/").content


def test_the_signed_out_read_none(client: Client, db: None) -> None:
    announce()
    assert b"Hello" not in client.get("/accounts/login/").content


# ---- a pause ----


@pytest.fixture
def ground(student: User, admin: User) -> None:
    make_gateway(), make_template(), grant(student), grant(admin)


def test_the_launch_page_says_so_before_anything_is_filled_in(student_s: Client, ground: None) -> None:
    row = announce(pauses_launches=True)
    page = student_s.get("/launch/").content.decode()
    assert ("Maintenance until" in page, "Launching is paused until" in page) == (True, False)  # once is enough
    Announcement.objects.filter(pk=row.pk).update(audience="teachers")
    page = student_s.get("/launch/").content.decode()
    assert ("Maintenance until" in page, "Launching is paused until" in page) == (False, True)
    assert 'name="template"' not in page


def test_nobody_launches_while_it_runs(student_s: Client, student: User, ground: None) -> None:
    announce(pauses_launches=True)
    reply = student_s.post("/launch/", {"template": "lab"})
    assert (reply.status_code, reply.content.decode().count("Launching is paused until")) == (409, 1)
    assert not Machine.objects.exists()


def test_administrators_launch_and_everybody_wakes(
    student_s: Client, student: User, office: Client, ground: None
) -> None:
    asleep = make_machine(student, state="suspended")
    announce(pauses_launches=True)
    assert office.post("/launch/", {"template": "lab"}).status_code == 302
    student_s.post(f"/machines/{asleep.pk}/wake/")
    asleep.refresh_from_db()
    assert asleep.wanted == "running"


# ---- the pages ----


def test_it_is_shown_in_both_languages_before_it_is_published(office: Client) -> None:
    page = office.post(f"{PAGE}new/", typed(text_es="Hola", preview="1", pauses_launches="on")).content.decode()
    assert all(words in page for words in ("<p>Hello</p>", "<p>Hola</p>", "Maintenance until", "Mantenimiento hasta"))
    assert not Announcement.objects.exists()


def test_it_is_published_changed_and_ended(office: Client, admin: User) -> None:
    assert office.post(f"{PAGE}new/", typed())["Location"] == PAGE
    row = Announcement.objects.get()
    assert (row.made_by, row.is_running(timezone.now())) == (admin, True)
    assert "Hello" in office.get(f"{PAGE}{row.pk}/").content.decode()
    office.post(f"{PAGE}{row.pk}/", typed(text_en="News", audience="donors"))
    row.refresh_from_db()
    assert (row.text_en, row.audience) == ("News", "donors")
    assert "News" in office.get(PAGE).content.decode()
    office.post(f"{PAGE}{row.pk}/end/")
    row.refresh_from_db()
    assert row.is_over(timezone.now())
    assert office.get(f"{PAGE}{row.pk}/").status_code == office.post(f"{PAGE}{row.pk}/", typed()).status_code == 302


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"text_en": ""}, "text_en"), ({"ends_at": ""}, "ends_at"), ({"ends_at": "soon"}, "ends_at"), ({"ends_at": "2020-01-01T10:00"}, "ends_at"),
        ({"ends_at": "9999-12-31T23:59"}, "ends_at"), ({"starts_at": "0001-01-01T00:00"}, "starts_at"), ({"starts_at": "2099-01-01T00:00"}, "ends_at"),
        ({"audience": "cats"}, "audience"), ({"text_en": "x" * 2001}, "text_en"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("button", ["publish", "preview"])
def test_a_fault_stands_at_its_field(office: Client, facts: dict[str, str], field: str, button: str) -> None:
    reply = office.post(f"{PAGE}new/", typed(**facts, **{button: "1"}))
    assert (reply.status_code, list(reply.context["form"].errors)) == (400, [field])
    assert not Announcement.objects.exists()


def test_all_faults_are_said_at_once(office: Client) -> None:
    reply = office.post(f"{PAGE}new/", typed(text_en="", starts_at="x", ends_at="2020-01-01T10:00", audience="cats"))
    assert sorted(reply.context["form"].errors) == ["audience", "ends_at", "starts_at", "text_en"]


def test_times_are_those_of_the_writer_s_clock(office: Client, admin: User) -> None:
    User.objects.filter(pk=admin.pk).update(time_zone="America/Guayaquil")
    day = timezone.now() + timedelta(days=2)
    office.post(f"{PAGE}new/", typed(ends_at=f"{day:%Y-%m-%d}T18:30"))
    row = Announcement.objects.get()
    assert (row.ends_at.hour, row.ends_at.minute) == (23, 30)
    assert f'value="{day:%Y-%m-%d}T18:30"' in office.get(f"{PAGE}{row.pk}/").content.decode()


def test_what_is_saved_unchanged_stays_to_the_second(office: Client) -> None:
    exact = timezone.now().replace(second=41, microsecond=123)
    row = announce(starts_at=exact - HOUR, ends_at=exact + HOUR)
    form = office.get(f"{PAGE}{row.pk}/").context["form"]
    sent = {name: form[name].value() for name in ("text_en", "text_es", "audience")}
    sent |= {name: f"{form[name].value():%Y-%m-%dT%H:%M}" for name in ("starts_at", "ends_at")}
    assert office.post(f"{PAGE}{row.pk}/", sent)["Location"] == PAGE
    row.refresh_from_db()
    assert (row.starts_at, row.ends_at) == (exact - HOUR, exact + HOUR)
    assert not AuditRow.objects.filter(verb="change_announcement").exists()
    later = exact + 2 * HOUR
    office.post(f"{PAGE}{row.pk}/", {**sent, "ends_at": f"{timezone.localtime(later):%Y-%m-%dT%H:%M}"})
    row.refresh_from_db()
    assert row.ends_at == later.replace(second=0, microsecond=0)


def test_of_a_time_that_comes_twice_it_stays_the_one_that_it_was(office: Client, admin: User) -> None:
    """The clocks of Madrid show 02:30 on 25 October 2026 at 00:30 and at 01:30 UTC."""
    User.objects.filter(pk=admin.pk).update(time_zone="Europe/Madrid")
    ends = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    with time_machine.travel("2026-10-20T10:00:00+00:00", tick=False):
        office.force_login(admin)
        row = announce(ends_at=ends)
        sent = typed(text_es="Hola", starts_at="2026-10-20T12:00", ends_at="2026-10-25T02:30")
        assert office.post(f"{PAGE}{row.pk}/", sent)["Location"] == PAGE
    row.refresh_from_db()
    assert row.ends_at == ends


def test_the_list_is_paged_and_costs_the_same(office: Client, django_assert_max_num_queries: Any) -> None:
    now = timezone.now()
    facts = {"text_en": "x", "starts_at": now - 2 * HOUR, "ends_at": now - HOUR}
    Announcement.objects.bulk_create(Announcement(**facts) for _n in range(45))
    office.get(PAGE)
    with django_assert_max_num_queries(8):
        assert len(office.get(PAGE, {"page": "3"}).context["page"].object_list) == 5
