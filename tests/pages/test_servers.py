"""Unmanaged servers: the list, and giving one to a person."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from machines.models import CloudWatch, Machine, Stray
from quotas.models import Allowance
from tests.factories import grant, make_gateway, make_machine, make_template

GIVE = {"person": "student", "name": "mail server"}


@pytest.fixture
def page(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def make_stray(number: int = 1, **facts: Any) -> Stray:
    told = {"name": f"mail-{number:03}", "status": "active", "vcpus": 1, "ram_mb": 256, "disk_gb": 1, "project": "p1"}
    return Stray.objects.create(server_id=f"server-{number}", **{**told, **facts})


@pytest.fixture
def giving(student: User) -> dict[str, Any]:
    """The form as it is sent, with room for it in the student's quota."""
    make_gateway()
    grant(student)
    make_stray()
    return {**GIVE, "template": make_template().pk}


def have_project(person: User, project: str = "p1") -> None:
    """Let a person's servers be made in this project."""
    Allowance.objects.update_or_create(user=person, defaults={"tenant": f"{project}:rules"})


def test_a_tag_in_another_persons_project_is_told_and_not_believed(page: Client, student: User, student2: User) -> None:
    have_project(student2)
    make_stray(owner_key=str(student.uuid))
    shown = " ".join(page.get("/manage/servers/").content.decode().split())
    assert "its tag names student; the project is not known as theirs" in shown
    assert "Project of student2" in shown
    assert "it was of" not in shown
    assert 'value="student"' not in page.get("/manage/servers/server-1/").content.decode()


def test_it_lists_what_one_recognises_a_server_by(page: Client, student: User) -> None:
    have_project(student)
    make_stray(kind="lost", owner_key=str(student.uuid), host="node-7", address="10.0.0.9")
    shown = page.get("/manage/servers/").content.decode()
    for words in ("mail-001", "its machine is not known here", "it was of student", "node-7", "10.0.0.9", "p1"):
        assert words in shown


def test_gone_and_given_ones_are_not_in_the_list(page: Client, db: None) -> None:
    make_stray(1, gone_at=timezone.now())
    make_stray(2, adopted_at=timezone.now())
    assert b"mail-" not in page.get("/manage/servers/").content


def test_a_page_has_twenty_five(page: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        make_stray(number)
    page.get("/manage/servers/")  # the first of a day also notes from where
    with django_assert_max_num_queries(8):
        first = page.get("/manage/servers/").content.decode()
    assert (first.count("Give to a person"), "Page 1 of 2" in first) == (25, True)
    assert page.get("/manage/servers/?page=2").content.decode().count("Give to a person") == 5


def test_it_is_searched_by_name(page: Client, db: None) -> None:
    make_stray(1, name="web")
    make_stray(2, name="Mail")
    shown = page.get("/manage/servers/?search=mail").content
    assert (b"Mail" in shown, b"web</h2>" in shown) == (True, False)


@pytest.mark.parametrize("search", ["nothing-like-it", "%00", "%25", "x" * 3000, "<script>"])
def test_a_search_that_finds_nothing_says_so(page: Client, db: None, search: str) -> None:
    make_stray()
    assert page.get(f"/manage/servers/?search={search}").status_code == 200


def test_before_the_first_list_it_says_that_it_knows_nothing(page: Client, db: None) -> None:
    assert b"has not been asked" in page.get("/manage/servers/").content
    CloudWatch.objects.update(whole_at=timezone.now())
    assert b"every server of the cluster is somebody" in page.get("/manage/servers/").content


@pytest.mark.parametrize("who", ["student", "teacher", "donor"])
@pytest.mark.parametrize("path", ["/manage/servers/", "/manage/servers/server-1/"])
def test_it_is_for_administrators(client: Client, request: pytest.FixtureRequest, who: str, path: str) -> None:
    client.force_login(request.getfixturevalue(who))
    make_stray()
    assert (client.get(path).status_code, client.post(path, GIVE).status_code) == (403, 403)


def test_only_administrators_are_led_there(page: Client, teacher: User) -> None:
    for path in ("/manage/people/", "/manage/catalog/"):
        assert b'href="/manage/servers/"' in page.get(path).content
    page.force_login(teacher)
    for path in ("/lab-templates/", "/manage/catalog/"):
        assert b'href="/manage/servers/"' not in page.get(path).content


def test_the_list_takes_no_post(page: Client, db: None) -> None:
    assert page.post("/manage/servers/").status_code == 405


def test_a_server_that_nobody_knows_is_not_found(page: Client, db: None) -> None:
    assert page.get("/manage/servers/no-such/").status_code == 404


def test_it_is_given_to_a_person(page: Client, giving: dict[str, Any], student: User) -> None:
    answer = page.post("/manage/servers/server-1/", giving)
    machine = Machine.objects.get()
    assert (answer["Location"], machine.owner, machine.name) == (f"/machines/{machine.pk}/", student, "mail server")
    assert "is now a machine of student" in page.get(answer["Location"]).content.decode()


def test_the_form_guesses_whose_it_was_and_what_it_was_made_from(page: Client, student: User) -> None:
    have_project(student)
    make_template("other", name="Other")
    Stray.objects.filter(pk=make_stray(owner_key=str(student.uuid)).pk).update(kind="lost")
    form = page.get("/manage/servers/server-1/").content.decode()
    assert 'value="student"' in form
    assert "selected>Other (256\u00a0MB)" in form
    assert 'value="mail-001"' in form


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"person": "nobody"}, "Nobody here has the username or the verified e-mail address “nobody”."),
        ({"person": "stud"}, "Nobody here"),
        ({"person": ""}, "required"),
        ({"template": "999"}, "valid choice"),
        ({"name": "a\nb"}, "one line"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    page: Client, giving: dict[str, Any], wrong: dict[str, str], sentence: str
) -> None:
    answer = page.post("/manage/servers/server-1/", {**giving, **wrong})
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert not Machine.objects.exists()


def test_no_room_in_the_quota_is_a_409_with_numbers(page: Client, giving: dict[str, Any]) -> None:
    Stray.objects.update(ram_mb=50_000)
    answer = page.post("/manage/servers/server-1/", giving)
    assert answer.status_code == 409
    assert "student has no room for it" in answer.content.decode()
    assert "48.8\u00a0GB of memory" in answer.content.decode()


@pytest.mark.parametrize("facts", [{"status": "error"}, {"status": "unknown"}, {"gone_at": timezone.now()}])
def test_what_cannot_be_given_now_says_why_and_has_no_form(
    page: Client, giving: dict[str, Any], facts: dict[str, Any]
) -> None:
    Stray.objects.update(**facts)
    assert b'name="person"' not in page.get("/manage/servers/server-1/").content
    assert page.post("/manage/servers/server-1/", giving).status_code == 409


def test_the_second_admin_reads_that_somebody_was_faster(page: Client, giving: dict[str, Any]) -> None:
    page.post("/manage/servers/server-1/", giving)
    answer = page.post("/manage/servers/server-1/", giving)
    assert answer.status_code == 409
    assert "faster" in answer.content.decode()


def test_links_lead_to_horizon_where_there_is_one(page: Client, student: User, settings: LazySettings) -> None:
    make_stray()
    machine = make_machine(student)
    pages = ("/manage/servers/", f"/machines/{machine.pk}/settings/")
    assert all(b"Horizon" not in page.get(path).content for path in pages)
    settings.HORIZON_URL = "https://cloud.example.org/horizon"
    for path, server in zip(pages, ("server-1", machine.server_id), strict=True):
        link = f'href="https://cloud.example.org/horizon/admin/instances/{server}/detail" rel="noopener"'
        assert link in page.get(path).content.decode()


def test_what_the_cloud_says_is_for_administrators_only(page: Client, student: User, settings: LazySettings) -> None:
    settings.HORIZON_URL = "https://cloud.example.org"
    machine = make_machine(student, host="node-7", project="p-77", cloud_fault="NoValidHost", cloud_task="spawning")
    facts = (b"For administrators", b"node-7", b"p-77", b"NoValidHost", b"spawning", machine.server_id.encode())
    shown = page.get(f"/machines/{machine.pk}/settings/").content
    assert [fact for fact in facts if fact not in shown] == []
    page.force_login(student)
    shown = b"".join(page.get(f"/machines/{machine.pk}/{tab}").content for tab in ("", "history/", "settings/"))
    assert [fact for fact in (*facts, b"Horizon", b"cloud.example.org") if fact in shown] == []
