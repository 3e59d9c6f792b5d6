"""The teacher's home: the machines made from their templates, to be watched, woken and kept awake, and nothing else."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditRow, User
from courses.models import Enrolment
from lib.notes import Note
from machines.models import Event, Hold, Machine
from machines.wake_on_connect import WOKEN
from portal import access
from portal.presenters.navigation import home_of
from quotas.models import Grant
from tests.factories import make_machine, make_template
from tests.machines.idle.asked import asked, taught_by, visited
from tunnels.models import Tunnel

HOME = "/teaching/"


@pytest.fixture
def lab(teacher: User) -> Any:
    return make_template(created_by=teacher)


@pytest.fixture
def machine(lab: Any, student: User) -> Machine:
    User.objects.filter(pk=student.pk).update(first_name="Ana", last_name="Chicaiza")
    return make_machine(User.objects.get(pk=student.pk), name="condor")


@pytest.fixture
def colleague(db: None) -> User:
    return User.objects.create(username="colleague", roles=["teacher"])


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(person: User, path: str = HOME) -> str:
    reply = signed_in(person).get(path)
    assert reply.status_code in (200, 400), reply.status_code
    return str(reply.content.decode())


def at(machine: Machine, rest: str = "") -> str:
    return f"/teaching/machines/{machine.pk}/{rest}"


# ---- the home ----


def test_the_machines_of_ones_templates_are_listed_with_owner_and_state(machine: Machine, teacher: User) -> None:
    html = text(teacher)
    assert f'<a href="{at(machine)}">condor</a>' in html
    assert "Ana Chicaiza" in html
    assert '<span class="pill tone-on">Running</span>' in html
    assert re.search(r"1 machine\s*</a>,\s*1 runs", html)


def test_a_teacher_of_its_course_without_the_role_has_it_as_their_home(machine: Machine, student2: User) -> None:
    """Every page to which the navigation leads them opens, and no link there leads to a refusal."""
    taught_by(machine, student2)
    assert home_of(student2) == HOME
    html = text(student2)
    assert f'<a href="{at(machine)}">condor</a>' in html
    for path in re.findall(r'href="(/(?:teaching|lab-templates|manage)/[^"#]*)"', html):
        assert signed_in(student2).get(path).status_code == 200, path
    assert "/manage/questions/" in html
    assert "/lab-templates/new/" not in html
    edited = text(student2, f"/lab-templates/{machine.template.slug}/")
    assert 'href="/lab-templates/"' not in edited


def test_whoever_only_learns_in_the_course_has_no_such_page(machine: Machine, student: User) -> None:
    course = taught_by(machine, User.objects.create(username="colleague", roles=["student"]))
    Enrolment.objects.create(course=course, user=student, role="student")
    assert home_of(student) == "/"
    assert signed_in(student).get(HOME).status_code == 403
    assert HOME not in text(student, "/keys/")


def test_who_teaches_is_read_with_the_person(student: User) -> None:
    """No page costs a query more for it."""
    client = signed_in(student)
    client.get("/keys/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/keys/")
    asked_for = [query["sql"] for query in queries if "courses_enrolment" in query["sql"]]
    assert len(asked_for) == 1
    assert "accounts_user" in asked_for[0]


def test_a_colleague_sees_none_of_them_and_reads_why(machine: Machine, colleague: User) -> None:
    html = text(colleague)
    assert "condor" not in html
    assert "Make your first one" in html


def test_administrators_see_all_of_them_and_go_to_the_machines_own_page(machine: Machine, admin: User) -> None:
    assert f'<a href="/machines/{machine.pk}/">condor</a>' in text(admin)


@pytest.mark.parametrize("who", ["student", "donor"])
def test_who_does_not_teach_has_no_such_page(machine: Machine, who: str, request: Any) -> None:
    assert signed_in(request.getfixturevalue(who)).get(HOME).status_code == 403


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("q=chicáiza", True), ("q=COND+ana", True), ("q=student", True), ("q=puma", False), ("template=lab", True), ("template=web", False),
        ("state=on", True), ("state=asleep", False),
    ],
)  # fmt: skip
def test_the_list_is_searched_and_filtered(machine: Machine, teacher: User, query: str, is_found: bool) -> None:
    make_template("web", created_by=teacher)
    html = text(teacher, f"{HOME}?{query}")
    assert (">condor</a>" in html) == is_found
    assert ("No machine fits." in html) != is_found


@pytest.mark.parametrize("query", ["template=others", "state=on,asleep", "template=%00"])
def test_a_filter_that_is_none_is_said_at_its_field(machine: Machine, teacher: User, query: str) -> None:
    make_template("others")
    reply = signed_in(teacher).get(f"{HOME}?{query}")
    assert reply.status_code == 400
    assert "Choose one of these." in reply.content.decode()


def test_every_living_machine_is_in_one_of_the_states_of_the_filter(machine: Machine, teacher: User) -> None:
    from machines.states import State
    from portal.presenters.taught_machines import GROUPS
    from portal.presenters.tones import tone_of

    assert {tone_of(state) for state in State if state != State.GONE} == set(GROUPS)


def test_what_waits_is_said_on_top(machine: Machine, teacher: User) -> None:
    assert "is asked whether" not in text(teacher)
    asked(machine)
    html = text(teacher)
    assert "The owner of 1 machine is asked whether it is still in use" in html
    assert '<a href="/manage/questions/">' in html


def test_a_page_of_many_machines_takes_as_many_queries_as_one_of_few(
    machine: Machine, teacher: User, student: User
) -> None:
    few = _queries(teacher)
    Grant.objects.update(machines=100, vcpus=100, ram_mb=10**6, disk_gb=10**4, ports=1000)
    for n in range(30):
        make_machine(student, name=f"m{n}")
    assert _queries(teacher) == few <= 14
    assert "Page 1 of 2" in text(teacher)


def _queries(person: User) -> int:
    client = signed_in(person)
    client.get(HOME)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(HOME).status_code == 200
    return len(queries)


# ---- a machine ----


def test_its_page_has_state_and_history_and_no_way_in(machine: Machine, teacher: User) -> None:
    html = text(teacher, at(machine))
    assert "Ana Chicaiza" in html
    assert "What happened" in html
    secrets = {str(tunnel.port) for tunnel in Tunnel.objects.filter(holder=machine.pk)}
    assert not [secret for secret in (*secrets, "ssh ", machine.address, "/delete/", "/keys/put/") if secret in html]


def test_the_history_does_not_say_from_where_its_owner_connects(machine: Machine, teacher: User, student: User) -> None:
    machine.record(Event.Kind.WISHED, Note(WOKEN, {"address": "203.0.113.77"}), by=None, verb="wake")
    html = text(teacher, at(machine))
    assert "Woken by a connection from an address that only its owner sees." in html
    assert "203.0.113.77" not in html
    assert "203.0.113.77" in text(student, f"/machines/{machine.pk}/history/")


@pytest.mark.parametrize("who", ["student", "admin"])
def test_its_owner_and_administrators_are_led_to_its_own_page(machine: Machine, who: str, request: Any) -> None:
    assert signed_in(request.getfixturevalue(who)).get(at(machine))["Location"] == f"/machines/{machine.pk}/"


def test_of_others_there_is_nothing_to_be_found(machine: Machine, colleague: User, student2: User, donor: User) -> None:
    for person in (colleague, student2, donor):
        assert signed_in(person).get(at(machine)).status_code == 404
        assert signed_in(person).post(at(machine, "wake/")).status_code == 404


def test_who_teaches_no_more_watches_no_more(machine: Machine, teacher: User) -> None:
    User.objects.filter(pk=teacher.pk).update(roles=["student"])
    assert signed_in(teacher).get(at(machine)).status_code == 404


def test_a_teacher_reaches_nothing_of_its_own_pages(machine: Machine, teacher: User) -> None:
    client = signed_in(teacher)
    for part in ("", "ports/", "settings/", "history/", "moments/", "live/", "card/", "work/", "disk/"):
        assert client.get(f"/machines/{machine.pk}/{part}").status_code in (404, 405), part
    for verb in ("delete", "reset", "suspend", "archive", "wake", "rename", "keys/put", "ports"):
        assert client.post(f"/machines/{machine.pk}/{verb}/").status_code == 404, verb
    assert Machine.objects.get().wanted == "running"


def test_a_teacher_wakes_it_and_its_owner_reads_that(lab: Any, teacher: User, student: User) -> None:
    machine = make_machine(student, state="suspended")
    assert 'id="do-wake"' in text(teacher, at(machine))
    assert signed_in(teacher).post(at(machine, "wake/"))["Location"] == at(machine)
    assert Machine.objects.get().wanted == "running"
    assert Event.objects.get(kind="wished", by=teacher).machine == machine
    assert AuditRow.objects.get(verb="wake").whom == student
    assert re.search(r"Asked to wake up\..*· teacher", text(student, f"/machines/{machine.pk}/history/"), re.S)


def test_a_running_one_is_not_woken_and_says_so(machine: Machine, teacher: User) -> None:
    html = signed_in(teacher).post(at(machine, "wake/"), follow=True).content.decode()
    assert "running already" in html


def test_a_teacher_keeps_it_awake_and_comes_back(machine: Machine, teacher: User) -> None:
    form = {"until": "23:59", "next": at(machine)}
    assert signed_in(teacher).post(f"/machines/{machine.pk}/give/", form)["Location"] == at(machine)
    assert Hold.objects.get().by == teacher
    assert AuditRow.objects.get(verb="keep_awake").who == teacher


def test_the_part_that_changes_is_sent_only_when_it_did(machine: Machine, teacher: User) -> None:
    client = signed_in(teacher)
    [seen] = re.findall(r"live/\?seen=([\w-]+)", client.get(at(machine)).content.decode())
    assert client.get(at(machine, "live/"), {"seen": seen}).status_code == 204
    Machine.objects.update(state="suspended", wanted="suspended")
    assert "do-wake" in client.get(at(machine, "live/"), {"seen": seen}).content.decode()


# ---- what the owner knows of it ----


def test_the_owner_reads_who_may_watch_it(machine: Machine, teacher: User, admin: User) -> None:
    User.objects.filter(pk=teacher.pk).update(first_name="María", last_name="Paz")
    assert "Whoever teaches with its template (María Paz) may see" in text(machine.owner, f"/machines/{machine.pk}/")
    assert 'id="watchers"' not in text(admin, f"/machines/{machine.pk}/")


def test_where_nobody_may_watch_it_nothing_is_said(machine: Machine, teacher: User) -> None:
    User.objects.filter(pk=teacher.pk).update(roles=["student"])
    assert 'id="watchers"' not in text(machine.owner, f"/machines/{machine.pk}/")


# ---- questions and requests ----


def test_a_teacher_sees_the_questions_about_their_templates_and_answers_to_keep(
    lab: Any, teacher: User, student: User, colleague: User
) -> None:
    question = asked(visited(student, name="condor"))
    assert f'<a href="{at(question.machine)}">condor</a>' in text(teacher, "/manage/questions/")
    assert "condor" not in text(colleague, "/manage/questions/")
    assert access.may(teacher, "more", question)
    assert not access.may(teacher, "sleep", question)


def test_an_empty_list_says_what_it_would_show(colleague: User) -> None:
    assert "These are the machines made from your templates" in text(colleague, "/manage/questions/")
    assert "of a template of yours just now" in text(colleague, "/manage/requests/")


def test_a_size_says_how_large_it_is(client: Client, teacher: User) -> None:
    make_template()
    client.force_login(teacher)
    page = client.get("/lab-templates/new/").content.decode().replace("\xa0", " ")
    assert "small: 1 processor, 256 MB of memory, 1 GB of disk" in page
