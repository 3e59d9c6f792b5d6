"""Acts of staff on other people's things are in the audit log, wherever they are done."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import AuditRow, RowFailure, User
from catalog.actions import edit_flavor, edit_image
from courses.actions import bring_back_template, edit_template, retire_template
from lib.measures import Size
from machines import actions, moments
from machines.failed_rows import try_failed_now
from machines.idle import answers
from machines.models import Machine
from machines.verbs import Verb
from portal import audited
from quotas import requests_for_more
from quotas.actions import give
from quotas.models import QuotaRequest
from tests.api.program import Program
from tests.factories import grant, make_machine, make_template
from tests.machines.idle.asked import asked

STATES = {Verb.WAKE: "suspended", Verb.RETRY: "failed", Verb.RESTORE: "archived"}
WANTED = {Verb.WAKE: "suspended", Verb.RESTORE: "archived"}


def verbs_of(person: User) -> list[str]:
    """Return the verbs of the rows about this person's things."""
    return list(AuditRow.objects.filter(whom=person).order_by("pk").values_list("verb", flat=True))


@pytest.mark.parametrize("verb", [verb for verb in actions.ACTIONS if verb not in (Verb.RESCUE, Verb.MOVE)])
def test_each_verb_of_a_machine(student: User, admin: User, verb: Verb) -> None:
    grant(student)
    machine = make_machine(student, state=STATES.get(verb, "running"), wanted=WANTED.get(verb, ""))
    actions.ACTIONS[verb](machine=machine, by=admin)
    assert verbs_of(student) == [verb.value]


@pytest.mark.parametrize(
    ("verb", "do"),
    [
        ("rename", lambda machine, by: actions.rename(machine=machine, name=f"of {by}", by=by)),
        ("open_port", lambda machine, by: actions.open_port(machine=machine, port=8080, by=by)),
        ("keep_moment", lambda machine, by: moments.keep(machine=machine, name="then", by=by)),
        ("download_disk", lambda machine, by: audited.note_use(machine, "download_disk", by=by)),
    ],
)
def test_the_rest_of_a_machine(student: User, admin: User, verb: str, do: Callable[[Machine, User], Any]) -> None:
    grant(student)
    machine = make_machine(student)
    do(machine, student)
    assert verbs_of(student) == []
    do(make_machine(student, name="second"), admin)
    assert verbs_of(student) == [verb]


def test_a_download_in_parts_is_one_row(student: User, admin: User) -> None:
    machine = make_machine(student)
    for _part in range(3):
        audited.note_use(machine, "download_disk", by=admin)
    assert verbs_of(student) == ["download_disk"]


def test_a_teacher_who_gives_time_or_answers(student: User, teacher: User) -> None:
    machine, now = make_machine(student), timezone.now()
    answers.answer(question=asked(machine), choice="more", by=teacher, now=now, until=now + timedelta(hours=2))
    answers.give(machine=machine, until=now + timedelta(hours=3), by=teacher, now=now)
    assert verbs_of(student) == ["keep_awake"] * 2


def test_an_answer_by_a_link_is_its_owners(student: User) -> None:
    now = timezone.now()
    answers.answer(question=asked(make_machine(student)), choice="sleep", by=None, now=now)
    assert not AuditRow.objects.exists()


@pytest.mark.parametrize("is_approved", [True, False])
def test_a_decision_is_one_row(student: User, admin: User, is_approved: bool) -> None:
    row = QuotaRequest.objects.create(user=student, subject=1, title={"en": "Lab"}, reason="thesis", machines=1)
    decide = requests_for_more.approve if is_approved else requests_for_more.refuse
    decide(request=row, by=admin, note="in February")
    found = AuditRow.objects.get()
    assert found.verb == ("approve_request" if is_approved else "refuse_request")
    given = {"amounts": {"machines": 1}, "ends_at": None} if is_approved else {}
    assert found.detail == {"note": "in February", **given}


def test_a_grant_is_recorded_also_where_it_is_ones_own(admin: User, student: User) -> None:
    give(user=admin, size=Size(machines=1), by=admin)
    give(user=student, size=Size(machines=1), by=admin)
    assert (verbs_of(admin), verbs_of(student)) == (["give_grant"], ["give_grant"])


def test_templates_of_others(teacher: User, admin: User) -> None:
    template = make_template(created_by=teacher)
    for by in (teacher, admin):
        edit_template(template=template, by=by, summary=f"by {by}")
        retire_template(template=template, by=by)
        bring_back_template(template=template, by=by)
    assert verbs_of(teacher) == ["edit_template", "retire_template", "bring_back_template"]


def test_the_catalog_is_nobodys(admin: User) -> None:
    template = make_template()
    edit_image(image=template.image, name="x", description="", login="debian", offered=True, by=admin)
    edit_flavor(flavor=template.flavor, name="x", offered=True, by=admin)
    assert list(AuditRow.objects.values_list("verb", "whom")) == [("edit_image", None), ("edit_size", None)]


def test_a_failed_row_that_is_tried_again(student: User, admin: User) -> None:
    machine = make_machine(student)
    failure = RowFailure.objects.create(loop="step", key=str(machine.pk), holder=machine.pk)
    try_failed_now(failure_id=failure.pk, by=admin)
    assert verbs_of(student) == ["try_again"]


@pytest.mark.parametrize(
    ("words", "verb"),
    [
        (("grant", "student", "--machines", "1"), "give_grant"),
        (("rename_user", "student", "another"), "rename_person"),
        (("verify_email", "student", "new@example.org"), "verify_email"),
    ],
)
def test_commands(student: User, words: tuple[str, ...], verb: str) -> None:
    call_command(*words, stdout=StringIO())
    row = AuditRow.objects.get()
    assert (row.verb, row.who, row.whom_id, row.address) == (verb, None, student.pk, None)


def test_an_administrator_who_is_made_on_the_server(db: None) -> None:
    call_command("createsuperuser", username="boss", email="boss@example.org", interactive=False, verbosity=0)
    row = AuditRow.objects.get()
    assert (row.verb, row.who, row.whom.username, "admin" in row.detail["roles"]) == (
        "create_person",
        None,
        "boss",
        True,
    )  # type: ignore[union-attr]


def test_what_is_undone_is_not_in_the_log(student: User, admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lib.doorbell.ring", lambda *_a, **_k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        actions.suspend(machine=make_machine(student), by=admin)
    assert not AuditRow.objects.exists()


def test_the_api_records_the_address_too(student: User, admin: User) -> None:
    program, machine = Program(admin), make_machine(student)
    program.client = Client(REMOTE_ADDR="192.0.2.9")
    program.ask("POST", f"machines/{machine.pk}/suspend/")
    assert AuditRow.objects.get().address == "192.0.2.9"


def test_no_secret_gets_into_it(client: Client, teacher: User, admin: User) -> None:
    """Neither what a template's machines are set up with, nor the link to choose a password, nor a code."""
    make_template(created_by=teacher)
    secret, boss = "hunter2-of-the-lab", Program(admin)
    boss.ask("PATCH", "templates/lab/", {"user_data": f"#cloud-config\npassword: {secret}\n"})
    made = boss.ask(
        "POST", "people/", {"username": "ana", "email": "ana@example.org", "roles": ["student"], "invite": True}
    )
    assert made.status_code == 201, made.json()
    client.force_login(admin)
    client.post(f"/manage/people/{User.objects.get(username='ana').pk}/link/")
    rows = repr(list(AuditRow.objects.values()))
    assert {"edit_template", "create_person", "send_link"} <= set(AuditRow.objects.values_list("verb", flat=True))
    assert [word for word in (secret, "password/reset", "ana@example.org", "pbkdf2", "argon2") if word in rows] == []
