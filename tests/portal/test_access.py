"""The rules of who may see and do what. The walk shows that each address asks them."""

import ast
from pathlib import Path
from typing import Any

import pytest

from accounts.models import RowFailure, User
from catalog.models import Image
from courses.models import Course, Enrolment, Template
from lib.notes import Refusal
from machines.models import Machine, Question, Stray
from portal import access
from portal.dashboard.snapshot import take_snapshot
from portal.dismissal import dismiss
from quotas.models import QuotaRequest
from tests.factories import make_machine, make_template
from tests.machines.idle.asked import asked, taught_by

ROOT = Path(__file__).parents[2]
EVERYBODY = ("student", "student2", "teacher", "donor", "admin")


@pytest.fixture
def may(request: pytest.FixtureRequest) -> Any:
    """Return who of everybody may do it."""

    def who(verb: str, thing: Any) -> set[str]:
        return {name for name in EVERYBODY if access.may(request.getfixturevalue(name), verb, thing)}

    return who


@pytest.fixture
def machine(student: User) -> Machine:
    return make_machine(student)


@pytest.fixture
def ask(machine: Machine) -> Question:
    return asked(machine)


@pytest.fixture
def template(teacher: User) -> Template:
    return make_template(created_by=teacher)


@pytest.fixture
def colleague(db: None) -> User:
    return User.objects.create(username="colleague", roles=["teacher"])


# ---- machines ----


@pytest.mark.parametrize("who", EVERYBODY)
def test_people_know_of_their_own_machines_and_administrators_of_all(
    machine: Machine, who: str, request: pytest.FixtureRequest
) -> None:
    found = access.visible(request.getfixturevalue(who), Machine)
    assert found.exists() == (who in ("student", "admin"))


@pytest.mark.parametrize("verb", ["suspend", "delete", "rename", "open_port", "download", "dial"])
def test_what_is_done_with_a_machine_its_owner_does_or_an_administrator(machine: Machine, verb: str, may: Any) -> None:
    assert may(verb, machine) == {"student", "admin"}


def test_the_keys_in_a_machine_are_its_owner_s_alone(machine: Machine, may: Any) -> None:
    assert may("change_keys", machine) == {"student"}


@pytest.mark.parametrize("verb", ["rescue", "move"])
def test_a_rescue_and_a_move_are_for_administrators(machine: Machine, verb: str, may: Any) -> None:
    assert may(verb, machine) == {"admin"}


def test_the_clouds_own_words_are_for_those_who_teach(machine: Machine, may: Any) -> None:
    assert may("see_faults", machine) == {"teacher", "admin"}


@pytest.mark.parametrize(("refused", "who"), [("reset", {"student"}), ("move", {"admin"})])
def test_a_refusal_is_put_away_by_whom_it_concerns(machine: Machine, refused: str, who: set[str], may: Any) -> None:
    machine.refused = refused
    assert may("dismiss_refusal", machine) == who


def test_a_failed_first_boot_is_put_away_by_its_owner(machine: Machine, may: Any) -> None:
    assert may("dismiss_setup", machine) == {"student"}


@pytest.mark.parametrize(("refused", "who"), [("reset", "admin"), ("move", "student")])
def test_what_others_have_to_read_stays(
    machine: Machine, refused: str, who: str, request: pytest.FixtureRequest
) -> None:
    Machine.objects.update(refused=refused)
    with pytest.raises(access.Forbidden):
        dismiss(machine=Machine.objects.get(), by=request.getfixturevalue(who))
    assert Machine.objects.get().refused == refused


def test_of_two_things_only_ones_own_is_put_away(machine: Machine, student: User) -> None:
    Machine.objects.update(refused="move", setup="failed", setup_seen=False)
    dismiss(machine=Machine.objects.get(), by=student)
    machine.refresh_from_db()
    assert (machine.refused, machine.setup_seen) == ("move", True)


# ---- questions ----


def test_a_stranger_answers_nothing(ask: Question, may: Any) -> None:
    for choice in ("more", "job", "sleep", "done", "keep"):
        assert may(choice, ask) == {"student", "admin"}


def test_a_teacher_of_the_course_does_not_put_a_students_machine_away(ask: Question, teacher: User, may: Any) -> None:
    taught_by(ask.machine, teacher)
    ask.refresh_from_db()
    assert {choice for choice in ("more", "job", "sleep", "done", "keep") if "teacher" in may(choice, ask)} == {
        "more",
        "job",
        "keep",
    }


def test_who_does_not_teach_the_course_gives_nothing(machine: Machine, may: Any) -> None:
    assert may("keep_awake", machine) == {"admin"}


def test_a_teacher_of_the_course_keeps_it_awake(machine: Machine, teacher: User, may: Any) -> None:
    taught_by(machine, teacher)
    machine.refresh_from_db()
    assert may("keep_awake", machine) == {"teacher", "admin"}
    assert access.in_care_of(teacher).get() == machine
    assert not access.visible(teacher, Machine).exists()


@pytest.mark.parametrize(("verb", "model"), [("see", Question), ("teach", Template)])
def test_whoever_teaches_a_course_sees_its_questions_and_machines(
    machine: Machine, student2: User, verb: str, model: Any, may: Any
) -> None:
    assert may(verb, model) == {"teacher", "admin"}
    taught_by(machine, student2)
    assert may(verb, model) == {"student2", "teacher", "admin"}
    assert may("make", Template) == {"teacher", "admin"}
    student2.is_active = False
    assert not access.may(student2, verb, model)


# ---- requests for more ----


def test_a_request_is_decided_by_the_author_of_its_template_and_administrators(
    template: Template, student: User, colleague: User, may: Any
) -> None:
    request = QuotaRequest.objects.create(user=student, subject=template.pk, title={"en": "Lab"}, machines=1)
    assert may("decide", request) == {"teacher", "admin"}
    assert not access.may(colleague, "decide", request)
    assert access.visible(student, QuotaRequest).get() == request
    assert not access.visible(colleague, QuotaRequest).exists()


def test_nobody_but_an_administrator_decides_their_own(template: Template, teacher: User, may: Any) -> None:
    request = QuotaRequest.objects.create(user=teacher, subject=template.pk, title={"en": "Lab"}, machines=1)
    assert may("decide", request) == {"admin"}


def test_who_teaches_no_more_decides_nothing(template: Template, student: User, teacher: User) -> None:
    request = QuotaRequest.objects.create(user=student, subject=template.pk, title={"en": "Lab"}, machines=1)
    teacher.roles = ["student"]
    assert not access.may(teacher, "decide", request)
    assert not access.visible(teacher, QuotaRequest).exists()


# ---- templates ----


def test_teachers_make_templates(db: None, may: Any) -> None:
    assert may("make", Template) == {"teacher", "admin"}


def test_a_template_is_changed_by_its_author_and_administrators(template: Template, colleague: User, may: Any) -> None:
    assert may("change", template) == {"teacher", "admin"}
    refusal = access.why_not(colleague, "change", template)
    assert refusal is not None
    assert (refusal.code, str(refusal)[:15]) == ("not_yours", "Only its author")


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_a_teacher_of_its_course_may_whatever_else_they_are(template: Template, colleague: User, role: str) -> None:
    colleague.roles = [role]
    _in_course(template, colleague, "teacher")
    assert access.may(colleague, "change", template)


def test_a_student_of_its_course_may_not(template: Template, colleague: User) -> None:
    _in_course(template, colleague, "student")
    assert isinstance(access.why_not(colleague, "change", template), access.NotYours)


def test_its_author_may_only_while_they_teach(template: Template, teacher: User) -> None:
    teacher.roles = ["student"]
    assert not access.may(teacher, "change", template)


def test_drafts_are_for_those_who_teach(template: Template, student: User, colleague: User) -> None:
    Template.objects.update(published=False)
    assert not access.visible(student, Template).exists()
    assert access.visible(colleague, Template).exists()


def _in_course(template: Template, person: User, role: str) -> None:
    template.course = Course.objects.create(slug="redes", name="Redes")
    template.save()
    Enrolment.objects.create(course=template.course, user=person, role=role)


# ---- administration ----


def test_the_catalog_is_read_by_teachers_and_changed_by_administrators(db: None, may: Any) -> None:
    assert may("see", Image) == {"teacher", "admin"}
    assert may("change", Image) == {"admin"}


@pytest.mark.parametrize("model", [Stray, RowFailure])
def test_what_is_broken_is_for_administrators(db: None, model: Any, may: Any) -> None:
    assert may("see", model) == {"admin"}


# ---- people ----


def test_roles_add_up(student: User) -> None:
    student.roles = ["donor", "teacher"]
    assert access.teaches(student)
    assert access.main_role(student) == "teacher"


def test_the_dashboard_counts_a_superuser_among_the_administrators(admin: User, student: User) -> None:
    User.objects.filter(pk=student.pk).update(is_superuser=True)
    people = take_snapshot().people
    assert (people["admin"], people["student"], people["all"]) == (2, 1, 2)


@pytest.mark.parametrize("role", ["teacher", "admin"])
def test_whoever_is_deactivated_may_nothing(template: Template, admin: User, teacher: User, role: str) -> None:
    person = {"teacher": teacher, "admin": admin}[role]
    person.is_active = False
    assert not access.may(person, "change", template)
    assert not access.may(person, "make", Template)


def test_nobody_else_reads_roles() -> None:
    """No second place says who may: not the code, not a template."""
    elsewhere = {
        str(path.relative_to(ROOT))
        for app in ("portal", "machines", "courses", "quotas", "tunnels", "catalog")
        for path in (ROOT / app).rglob("*.py")
        if path.parent.name != "access" and "migrations" not in path.parts and _reads_roles(path)
    }
    # Whose grants add up, how many students there are, and who gets a mail.
    told = {"portal/ops/cloud_survey.py", "portal/deciders.py", "quotas/usage_of_many.py"}
    told |= {"portal/dashboard/snapshot.py"}  # how many have each
    # Where administrators give roles.
    told |= {"portal/forms/person_forms.py", "portal/views/people_lists.py", "portal/views/people_pages.py"}
    told |= {"portal/api/person_shapes.py", "portal/management/commands/people.py"}
    told |= {"portal/presenters/audit_details.py"}  # which an administrator gave
    told |= {"machines/bulk_work.py"}  # whether the one who asked for a run is an administrator still
    # Where all machines are filtered by their owners' roles.
    told |= {"portal/forms/all_machines_form.py", "portal/api/machine_list.py"}
    assert elsewhere == {"quotas/models.py", *told}
    assert not [path for path in (ROOT / "templates").rglob("*.html") if ".roles" in path.read_text()]


def _reads_roles(path: Path) -> bool:
    words = ("roles", "is_superuser", "Role")
    nodes = list(ast.walk(ast.parse(path.read_text())))
    read = [node.attr for node in nodes if isinstance(node, ast.Attribute)]
    named = [node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg]
    return any(name in words or name.startswith("roles__") for name in read + named)


def test_every_refusal_of_a_person_is_a_403(student2: User, machine: Machine) -> None:
    refusal = access.why_not(student2, "suspend", machine)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 403
