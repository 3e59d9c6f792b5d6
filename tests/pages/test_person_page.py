"""The page of one person, for administrators: removal, unblocking, sign-outs, machines and grants, and what staff did."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import AuditRow, BrowserSession, User
from tests.factories import make_machine


@pytest.fixture
def office(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def test_before_a_removal_only_what_will_happen_is_said(office: Client, student: User) -> None:
    address = f"/manage/people/{student.pk}/remove/"
    said = office.get(address).content.decode()
    assert "recycle bin" not in said
    assert "block them instead" in said
    make_machine(student)
    User.objects.filter(pk=student.pk).update(is_active=False)
    said = office.get(address).content.decode()
    assert "1 machine goes to the recycle bin" in said
    assert "block them instead" not in said


def test_somebody_s_work_goes_only_after_their_username_was_typed(office: Client, student: User) -> None:
    address = f"/manage/people/{student.pk}/remove/"
    make_machine(student, binned_at=timezone.now())
    assert "1 machine that is in the recycle bin already" in office.get(address).content.decode()
    for typed in ("", "studen", "1"):
        reply = office.post(address, {"username": typed})
        assert (reply.status_code, list(reply.context["form"].errors)) == (400, ["username"])
    assert office.post(address, {"username": " Student "})["Location"] == "/manage/people/"
    student.refresh_from_db()
    assert student.removed_at


def test_a_blocked_person_is_unblocked_by_a_button_in_sight(office: Client, student: User) -> None:
    address = f"/manage/people/{student.pk}/"
    unblock = f'action="{address}unblock/"'
    assert unblock not in office.get(address).content.decode()
    office.post(f"{address}block/")
    page = office.get(address).content.decode()
    assert page.index(unblock) < page.index('<details class="menu">')


def signed_in_as(person: User) -> Client:
    client = Client()
    client.force_login(person)
    client.get("/keys/")  # its browser is noted
    return client


def test_a_person_is_signed_out_in_one_browser(office: Client, student: User) -> None:
    one, other = signed_in_as(student), signed_in_as(student)
    page = office.get(f"/manage/people/{student.pk}/")
    key = other.session.session_key
    row = next(row for row, _device in page.context["sessions"] if row.session_key == key)
    assert len(page.context["sessions"]) == 2
    office.post(f"/manage/people/{student.pk}/sessions/{row.pk}/end/")
    assert [client.get("/keys/").status_code for client in (one, other)] == [200, 302]


def test_a_person_is_signed_out_everywhere_and_their_programs_too_where_asked(office: Client, student: User) -> None:
    address = f"/manage/people/{student.pk}/sessions/end/"
    browser = signed_in_as(student)
    tokens.make(user=student, name="laptop")
    office.post(address)
    assert (browser.get("/keys/").status_code, tokens.of(student).count()) == (302, 1)
    office.post(address, {"tokens": "on"})
    assert tokens.of(student).count() == 0
    assert set(AuditRow.objects.values_list("verb", flat=True)) == {"end_sessions"}


def test_another_person_s_browser_is_not_found_here(office: Client, student: User, student2: User) -> None:
    signed_in_as(student2)
    row = BrowserSession.objects.get(user=student2)
    assert office.post(f"/manage/people/{student.pk}/sessions/{row.pk}/end/").status_code == 404


def test_one_s_own_sessions_are_ended_on_one_s_own_page(office: Client, admin: User) -> None:
    page = office.get(f"/manage/people/{admin.pk}/").content.decode()
    assert f"/manage/people/{admin.pk}/sessions/" not in page
    assert 'href="/account/sessions/"' in page


def test_what_was_done_again_within_a_minute_is_one_line(office: Client, student: User) -> None:
    minute = timezone.now().replace(second=0, microsecond=0)
    facts = {"whom": student, "verb": "wake", "kind": "machine", "object_id": "1"}
    rows = [(0, "vizcacha"), (5, "vizcacha"), (6, "puma"), (59, "vizcacha"), (61, "vizcacha")]
    AuditRow.objects.bulk_create(
        AuditRow(who=User.objects.get(username="admin"), name=name, at=minute + timedelta(seconds=s), **facts)
        for s, name in rows
    )
    said = [(line.row.name, line.times) for line in office.get(f"/manage/people/{student.pk}/").context["lines"]]
    assert said == [("vizcacha", 1), ("vizcacha", 1), ("puma", 1), ("vizcacha", 2)]
    client = signed_in_as(student)
    page = " ".join(client.get("/account/staff/").content.decode().split())
    assert page.count("Woke: vizcacha, 2 times") == 1
    assert len(client.get("/account/staff/").context["lines"]) == 4


def test_a_person_s_page_shows_machines_grants_and_what_staff_did(office: Client, student: User) -> None:
    make_machine(student, name="condor")
    office.post(f"/manage/people/{student.pk}/grants/", {"machines": "2", "reason": "thesis"})
    page = office.get(f"/manage/people/{student.pk}/").content.decode()
    assert all(word in page for word in ("condor", "2 machines", "thesis", "Gave more quota"))
