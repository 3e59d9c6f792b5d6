"""Every rule of who may see or do what, for pages, API, downloads and live connections.

`visible` selects the rows that a person may know of: at the address of any other they get 404. `why_not` is for what they may
know of: None, or the refusal that they read. Whether the state of a thing allows a verb is another question; its app answers it.

The rules join what the apps know: roles, owners, authors, enrolments. Actions take `by=` for the history and check nobody.
"""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext_noop as _
from knox.models import AuthToken

from accounts import tokens
from accounts.models import Notice, RowFailure, SshKey, User
from catalog.models import Flavor, Image
from courses.models import Enrolment, Template
from lib.notes import Refusal
from machines.idle import durations
from machines.models import Answer, Event, Machine, Question, Stray
from machines.models.machine_queries import MachineQuerySet
from machines.refusals import FOR_ADMINS
from machines.verbs import FOR_ADMINS as ADMIN_VERBS

M = TypeVar("M", bound=Model)
Thing = Model | type[Model]
View = Callable[..., HttpResponse]
# Answers that do not take a machine away from its owner.
TEACHER_ANSWERS = frozenset({*durations.KEEPING, Answer.Choice.KEEP})


class Forbidden(Refusal):
    """A refusal that depends on the person, not on the thing's state."""

    status = 403
    code = "forbidden"


class NotYours(Forbidden):
    """Others may do this to it."""

    code = "not_yours"


_STAFF = _("You may not do this.")
_ADMINS = _("Only administrators may do this.")


def main_role(person: User) -> str:
    """Return the role that gives most: what the API called `role` when people had one."""
    return next((role for role in ("admin", "teacher", "donor") if role in person.roles), "student")


def administers(person: User) -> bool:
    """Say whether this person sees and mends everything."""
    return person.is_active and (User.Role.ADMIN in person.roles or person.is_superuser)


def teaches(person: User) -> bool:
    """Say whether this person may make templates: teachers and administrators."""
    return person.is_active and (User.Role.TEACHER in person.roles or administers(person))


def teaches_in(person: User, machine: Machine) -> bool:
    """Say whether this person teaches the course for which a machine was launched."""
    course = machine.template.course_id
    return course is not None and person.is_active and _taught(person).filter(course=course).exists()


def _taught(person: User) -> QuerySet[Enrolment]:
    return Enrolment.objects.filter(user=person, role=Enrolment.Role.TEACHER)


# ---- what people may know of ----


def visible(person: User, model: type[M]) -> Any:
    """Select the rows of `model` that a person may know of, as its own kind of queryset. Raises KeyError for a model without a rule."""
    return _VISIBLE[model](person)


def _machines(person: User) -> MachineQuerySet:
    return Machine.objects.all() if administers(person) else Machine.objects.filter(owner=person)


def in_care_of(person: User) -> MachineQuerySet:
    """Select the machines that a person may keep awake: their own, those of the courses they teach, all for administrators."""
    if administers(person):
        return Machine.objects.all()
    return Machine.objects.filter(Q(owner=person) | Q(template__course__in=_taught(person).values("course")))


def carers(machines: Collection[UUID], people: Collection[User]) -> dict[UUID, set[int]]:
    """Say of each machine which of these people (by pk) have it in their care, in two queries: `in_care_of`, asked the other way round."""
    admins = {person.pk for person in people if administers(person)}
    rows = list(Machine.objects.filter(pk__in=machines).values_list("pk", "owner_id", "template__course_id"))
    courses = {course for _pk, _owner, course in rows if course}
    taught = Enrolment.objects.filter(course__in=courses, role=Enrolment.Role.TEACHER)
    teachers = set(taught.filter(user__in=[person.pk for person in people]).values_list("course_id", "user_id"))
    return {
        pk: admins
        | {person.pk for person in people if person.pk == owner}
        | {teacher for of, teacher in teachers if of == course}
        for pk, owner, course in rows
    }


def _questions(person: User) -> QuerySet[Question]:
    return Question.objects.all() if administers(person) else Question.objects.filter(machine__in=in_care_of(person))


def questions_to_watch(person: User) -> QuerySet[Question]:
    """Select the questions of the courses that a person teaches; all of them for administrators."""
    if administers(person):
        return Question.objects.all()
    return Question.objects.filter(machine__template__course__in=_taught(person).values("course"))


def _templates(person: User) -> QuerySet[Template]:
    if teaches(person):
        return Template.objects.all()
    return Template.objects.published() | changeable(person)


def changeable(person: User) -> QuerySet[Template]:
    """Select the templates that a person wrote and those of courses that they teach; all of them for administrators."""
    if not person.is_active:
        return Template.objects.none()
    if administers(person):
        return Template.objects.all()
    theirs = Q(course__in=_taught(person).values("course"))
    return Template.objects.filter(theirs | Q(created_by=person) if teaches(person) else theirs)


def _all_if(rule: Callable[[User], bool], model: type[M]) -> Callable[[User], QuerySet[M]]:
    def rows(person: User) -> QuerySet[M]:
        every: QuerySet[M] = model._default_manager.all()
        return every if rule(person) else every.none()

    return rows


_VISIBLE: dict[type[Model], Callable[[User], QuerySet[Any]]] = {
    Machine: _machines,
    Event: lambda person: Event.objects.filter(machine__in=_machines(person)),
    Question: _questions,
    Template: _templates,
    Image: _all_if(teaches, Image),
    Flavor: _all_if(teaches, Flavor),
    SshKey: lambda person: person.ssh_keys.all(),
    AuthToken: tokens.of,
    Stray: _all_if(administers, Stray),
    RowFailure: _all_if(administers, RowFailure),
    Notice: _all_if(administers, Notice),
}


# ---- what people may do ----


def why_not(person: User, verb: str, thing: Thing) -> Refusal | None:
    """Return why this person may not do `verb` to `thing` (a row, or a model where it is about none yet); None if they may."""
    model = thing if isinstance(thing, type) else type(thing)
    return _RULES[model](person, verb, thing)


def may(person: User, verb: str, thing: Thing) -> bool:
    return why_not(person, verb, thing) is None


def require(person: User, verb: str, thing: Thing) -> None:
    """Raise the refusal, where there is one."""
    if refusal := why_not(person, verb, thing):
        raise refusal


def _machine(person: User, verb: str, machine: Any) -> Refusal | None:
    if verb in ADMIN_VERBS:
        return None if administers(person) else Forbidden(_ADMINS)
    if verb == "keep_awake":
        return _keep_awake(person, machine)
    if verb == "see_faults":
        return None if teaches(person) else Forbidden(_STAFF)
    if verb == "dismiss_refusal":
        return _dismiss(person, machine)
    if verb in ("dismiss_setup", "dismiss_vanished"):
        return None if person.pk == machine.owner_id else _not_read_yet(person)
    if verb == "change_keys":  # not even an administrator lets a key into somebody's machine, or takes one away
        return None if person.pk == machine.owner_id else NotYours(_("Only its owner may change the keys in it."))
    return None if person.pk == machine.owner_id or administers(person) else Forbidden(_STAFF)


def _keep_awake(person: User, machine: Machine) -> Refusal | None:
    if administers(person) or teaches_in(person, machine):
        return None
    return NotYours(_("Only a teacher of its course can give this machine more time."))


def _dismiss(person: User, machine: Machine) -> Refusal | None:
    """Say who may put a refusal away: its owner, or for what only administrators ask for an administrator."""
    if machine.refused in FOR_ADMINS:
        return None if administers(person) else Forbidden(_ADMINS)
    return None if person.pk == machine.owner_id else _not_read_yet(person)


def _not_read_yet(person: User) -> Refusal:
    return Forbidden(_("Its owner has not read this yet, so it stays.") if administers(person) else _ADMINS)


def _question(person: User, choice: str, question: Any) -> Refusal | None:
    if isinstance(question, type):  # the list of them
        is_watched = teaches(person) or _taught(person).exists()
        return None if is_watched else Forbidden(_STAFF)
    if person.pk == question.machine.owner_id or administers(person):
        return None
    if choice in TEACHER_ANSWERS and teaches_in(person, question.machine):
        return None
    return NotYours(_("Only its owner can answer this."))


def _template(person: User, verb: str, template: Any) -> Refusal | None:
    if isinstance(template, Template) and changeable(person).filter(pk=template.pk).exists():
        return None
    if verb == "see_changes":
        return NotYours(_("Only its author, the teachers of its course and administrators may see this."))
    if not teaches(person):
        return Forbidden(_("Only teachers and administrators may change templates."))
    if isinstance(template, type):
        return None
    return NotYours(_("Only its author, the teachers of its course and administrators may change this template."))


def _catalog(person: User, verb: str, _thing: Any) -> Refusal | None:
    """Say who may read and change the catalog: teachers read it, administrators change it."""
    if verb == "see":
        return None if teaches(person) else Forbidden(_("Only teachers see what templates are made of."))
    return None if administers(person) else Forbidden(_STAFF)


def _administration(person: User, _verb: str, _thing: Any) -> Refusal | None:
    return None if administers(person) else Forbidden(_STAFF)


_RULES: dict[type[Model], Callable[[User, str, Any], Refusal | None]] = {
    Machine: _machine,
    Question: _question,
    Template: _template,
    Image: _catalog,
    Flavor: _catalog,
    Stray: _administration,
    RowFailure: _administration,
    Notice: _administration,
}


def only(verb: str, model: type[Model]) -> Callable[[View], View]:
    """Answer everybody else with the 403 page: that there is such a page is no secret."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if why_not(request.user, verb, model):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return decorate
