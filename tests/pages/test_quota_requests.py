"""Requests for more as people see them: asked beside the refusal, decided by those who may, and never by others."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Notice, User
from courses.models import Template
from machines.models import Machine
from quotas import requests_for_more
from quotas.models import Grant, QuotaRequest
from tests.factories import grant, make_machine, make_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def template(teacher: User) -> Template:
    return make_template(created_by=teacher)


@pytest.fixture
def asked(template: Template, student: User) -> QuotaRequest:
    size = {"machines": 1, "vcpus": 1, "ram_mb": 256, "disk_gb": 1, "ports": 2}
    return QuotaRequest.objects.create(
        user=student, subject=template.pk, title={"en": "Lab", "es": "Taller"}, reason="For the thesis.", **size
    )


def as_(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def in_days(days: int) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def decide(client: Client, by: User, request: QuotaRequest, **typed: str) -> Any:
    return as_(client, by).post(f"/manage/requests/{request.pk}/", {"state": "approved", "note": "", **typed})


# ---- the ways out beside a refusal ----


def test_a_full_quota_names_what_would_make_room(client: Client, student: User) -> None:
    machine = make_machine(student, name="condor")
    Grant.objects.update(machines=1)
    page = as_(client, student).get("/launch/").content.decode()
    assert f'action="/machines/{machine.pk}/archive/"' in page
    assert f'href="/machines/{machine.pk}/delete/"' in page
    assert page.count("Archive condor") == 1


def test_to_archive_as_a_way_out_asks_first(client: Client, student: User) -> None:
    machine = make_machine(student, name="condor")
    Grant.objects.update(machines=1)
    page = as_(client, student).get("/launch/").content.decode()
    asked = re.search(r"<details>\s*<summary>Archive condor…</summary>(.*?)</details>", page, re.DOTALL)
    assert asked
    assert "Its disk is kept and counts as an archive; programs end." in asked[1]
    assert f'action="/machines/{machine.pk}/archive/"' in asked[1]
    assert "Yes, archive condor" in asked[1]
    assert page.count(f"/machines/{machine.pk}/archive/") == 1


def test_beside_a_refused_launch_stands_the_way_to_ask_for_that_card(client: Client, student: User) -> None:
    make_template()
    page = as_(client, student).post("/launch/", {"template": "lab", "name": "condor"}).content.decode()
    assert 'id="ways-out"' in page
    assert page.count('href="/requests/new/?template=lab"') == 2  # beside the refusal and at the card


def test_a_bin_that_is_full_names_the_archive_that_could_go(client: Client, student: User) -> None:
    from machines import actions

    old, machine = make_machine(student, name="old"), make_machine(student)
    actions.archive(machine=old, by=None)
    Grant.objects.update(archives=1)
    page = as_(client, student).get(f"/machines/{machine.pk}/delete/").content.decode()
    assert f'href="/machines/{old.pk}/delete/"' in page
    assert 'href="/requests/new/?template=lab&amp;for=archive"' in page


def test_an_administrator_is_not_offered_to_ask_for_others(client: Client, student: User, admin: User) -> None:
    machine = make_machine(student)
    Grant.objects.update(archives=0)
    page = as_(client, admin).get(f"/machines/{machine.pk}/delete/").content.decode()
    assert "student has 0 of 0 archives" in page
    assert "/requests/new/" not in page


def test_a_refused_port_has_its_ways_out_on_the_machines_page(client: Client, student: User) -> None:
    machine = make_machine(student)
    Grant.objects.update(ports=2)
    reply = as_(client, student).post(f"/machines/{machine.pk}/ports/", {"port": "8080", "scheme": "tcp"})
    assert reply.status_code == 409
    assert "/requests/new/?template=lab&amp;for=port" in reply.content.decode()


# ---- asking ----


def test_asked_it_stands_in_my_requests_and_the_author_is_written_to(
    client: Client, student: User, teacher: User, template: Template
) -> None:
    form = {"template": "lab", "purpose": "machine", "reason": "For the thesis."}
    assert as_(client, student).post("/requests/new/", form)["Location"] == "/requests/"
    page = client.get("/requests/").content.decode()
    assert "For the thesis." in page
    assert "1 machine, 1 processor, 256\u00a0MB of memory" in page
    assert Notice.objects.get().recipient == teacher


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"reason": ""}, "id_reason_error"),
        ({"reason": "x" * 501}, "id_reason_error"),
        ({"template": "none"}, "id_template_error"),
        ({"template": "\0"}, "id_template_error"),
        ({"purpose": "castle"}, "id_purpose_error"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client: Client, student: User, template: Template, typed: dict[str, str], words: str
) -> None:
    form = {"template": "lab", "purpose": "machine", "reason": "For the thesis."}
    reply = as_(client, student).post("/requests/new/", {**form, **typed})
    assert (reply.status_code, words in reply.content.decode()) == (400, True)
    assert not QuotaRequest.objects.exists()


def test_asked_twice_it_says_so(client: Client, student: User, asked: QuotaRequest) -> None:
    form = {"template": "lab", "purpose": "machine", "reason": "Again."}
    reply = as_(client, student).post("/requests/new/", form)
    assert reply.status_code == 409
    assert "You have asked for this already." in reply.content.decode()


def test_the_form_says_what_waits_already(client: Client, student: User, student2: User, asked: QuotaRequest) -> None:
    page = as_(client, student).get("/requests/new/").content.decode()
    assert "not decided yet: Lab" in " ".join(page.split())
    assert "not decided yet:" not in as_(client, student2).get("/requests/new/").content.decode()


def test_the_form_knows_the_card_and_the_purpose(client: Client, student: User, template: Template) -> None:
    page = as_(client, student).get("/requests/new/?template=lab&for=archive").content.decode()
    assert '<option value="lab" selected>' in page
    assert '<option value="archive" selected>' in page


# ---- deciding ----


def test_who_may_decide_sees_it_and_how_many_wait(client: Client, teacher: User, asked: QuotaRequest) -> None:
    page = as_(client, teacher).get("/manage/requests/").content.decode()
    assert "For the thesis." in page
    assert "(1 request to decide)" in " ".join(page.split())


@pytest.mark.parametrize(("who", "status"), [("student", 403), ("student2", 404), ("donor", 404), ("admin", 200)])
def test_nobody_else_opens_it(
    client: Client, asked: QuotaRequest, who: str, status: int, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(who)
    assert as_(client, person).get(f"/manage/requests/{asked.pk}/").status_code == status
    assert decide(client, person, asked).status_code == (302 if status == 200 else status)
    assert Grant.objects.filter(user=asked.user).exists() == (who == "admin")


def test_another_teacher_does_not_find_it(client: Client, asked: QuotaRequest) -> None:
    colleague = User.objects.create(username="colleague", roles=["teacher"])
    page = as_(client, colleague).get("/manage/requests/").content.decode()
    assert "For the thesis." not in page
    assert decide(client, colleague, asked, ends_at=in_days(9)).status_code == 404


def test_an_author_does_not_decide_their_own(client: Client, teacher: User, asked: QuotaRequest) -> None:
    QuotaRequest.objects.update(user=teacher)
    assert decide(client, teacher, asked, ends_at=in_days(9)).status_code == 403
    assert "For the thesis." not in as_(client, teacher).get("/manage/requests/").content.decode()


@pytest.mark.parametrize(
    ("who", "days"), [("teacher", requests_for_more.AUTHOR_DAYS), ("admin", requests_for_more.LONGEST.days)]
)
def test_the_last_day_that_is_offered_can_be_given(
    client: Client, asked: QuotaRequest, who: str, days: int, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(who)
    page = as_(client, person).get(f"/manage/requests/{asked.pk}/").content.decode()
    assert f'max="{in_days(days)}"' in page
    assert decide(client, person, asked, ends_at=in_days(days + 1)).status_code == 400
    assert decide(client, person, asked, ends_at=in_days(days)).status_code == 302


@pytest.mark.parametrize(("who", "is_given"), [("teacher", True), ("admin", False)])
def test_an_author_finds_the_last_day_filled_in(
    client: Client, asked: QuotaRequest, request: pytest.FixtureRequest, who: str, is_given: bool
) -> None:
    page = (
        as_(client, request.getfixturevalue(who))
        .get(f"/manage/requests/{asked.pk}/", headers={"Accept-Language": "es"})
        .content.decode()
    )
    assert (f'value="{in_days(requests_for_more.AUTHOR_DAYS)}"' in page) is is_given


@pytest.mark.parametrize("state", ["banana", "", "open"])
def test_only_a_button_approves(client: Client, admin: User, asked: QuotaRequest, state: str) -> None:
    reply = decide(client, admin, asked, state=state)
    assert (reply.status_code, "Press one of the two buttons" in reply.content.decode()) == (400, True)
    assert not Grant.objects.filter(user=asked.user).exists()


def test_the_end_of_a_line_counts_once(client: Client, admin: User, asked: QuotaRequest) -> None:
    lines = "\r\n".join(["x" * 9] * 50)  # 499 characters in the browser
    assert decide(client, admin, asked, note=lines).status_code == 302
    assert QuotaRequest.objects.get().note == lines.replace("\r\n", "\n")


def test_an_author_who_asks_is_not_written_to(client: Client, teacher: User, admin: User, template: Template) -> None:
    form = {"template": "lab", "purpose": "machine", "reason": "For the thesis."}
    as_(client, teacher).post("/requests/new/", form)
    assert [notice.recipient for notice in Notice.objects.all()] == [admin]


def test_the_last_day_counts_to_its_end_and_is_the_day_that_people_read(
    client: Client, teacher: User, asked: QuotaRequest
) -> None:
    assert decide(client, teacher, asked, ends_at=in_days(9)).status_code == 302
    ends_at = Grant.objects.get().ends_at
    assert ends_at
    assert timezone.localtime(ends_at).isoformat()[:16] == f"{in_days(9)}T23:59"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "id_ends_at_error"), ({"ends_at": "9999-12-31"}, "id_ends_at_error"), ({"ends_at": "2020-01-01"}, "id_ends_at_error"),
        ({"ends_at": "soon"}, "id_ends_at_error"), ({"state": "refused"}, "id_note_error"), ({"note": "x" * 501}, "id_note_error"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_decision_is_said_at_its_field(
    client: Client, teacher: User, asked: QuotaRequest, typed: dict[str, str], words: str
) -> None:
    reply = decide(client, teacher, asked, **typed)
    assert (reply.status_code, words in reply.content.decode()) == (400, True)
    assert QuotaRequest.objects.get().state == "open"


def test_decided_twice_the_second_reads_that_it_is_decided(
    client: Client, teacher: User, admin: User, asked: QuotaRequest
) -> None:
    decide(client, admin, asked)
    reply = decide(client, teacher, asked, ends_at=in_days(9))
    assert (reply.status_code, Grant.objects.count()) == (409, 1)
    assert "Decided by" in reply.content.decode()


def test_the_person_reads_the_decision_and_its_note(
    client: Client, student: User, admin: User, asked: QuotaRequest
) -> None:
    decide(client, admin, asked, state="refused", note="Use <b>the</b> other card.")
    page = as_(client, student).get("/requests/").content.decode()
    assert "Use &lt;b&gt;the&lt;/b&gt; other card." in page
    assert "Refused" in page


def test_the_list_is_as_many_queries_for_many(
    client: Client, admin: User, template: Template, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        person = User.objects.create(username=f"s{number}")
        QuotaRequest.objects.create(user=person, subject=template.pk, title={"en": "Lab"}, reason="x", machines=1)
    as_(client, admin).get("/manage/requests/")
    with django_assert_max_num_queries(8):
        client.get("/manage/requests/")


def test_the_archive_button_does_archive(client: Client, student: User) -> None:
    machine = make_machine(student, name="condor")
    Grant.objects.update(machines=1)
    as_(client, student).post(f"/machines/{machine.pk}/archive/")
    assert Machine.objects.get().wanted == "archived"


def test_without_a_machine_there_is_only_the_request(client: Client, student: User) -> None:
    make_template()
    grant(student, machines=0)
    page = as_(client, student).get("/launch/").content.decode()
    assert 'id="ways-out"' not in page
    assert "/requests/new/?template=lab" in page
