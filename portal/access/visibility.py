"""Rows of each model that a person may know of. At the address of any other they get 404."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from knox.models import AuthToken

from accounts import tokens
from accounts.announcements import current
from accounts.models import (
    Announcement,
    AuditRow,
    BrowserSession,
    Donor,
    Notice,
    RowFailure,
    SshKey,
    Subscription,
    User,
    WallThanks,
)
from catalog.models import Flavor, Image
from courses.models import Enrolment, Template
from machines.models import BulkRun, Event, Machine, Question, Stray
from machines.models.idle import QuestionQuerySet
from machines.models.machine_queries import MachineQuerySet
from nodes.models import Computer, Donation, Photo, WipeCertificate
from portal.access.roles import administers, is_course_teacher, taught, teaches
from quotas.models import QuotaRequest

M = TypeVar("M", bound=Model)


def visible(person: User, model: type[M]) -> Any:
    """Select the rows of `model` that a person may know of, as its own kind of queryset. Raises KeyError for a model without a rule."""
    return _VISIBLE[model](person)


def _machines(person: User) -> MachineQuerySet:
    return Machine.objects.all() if administers(person) else Machine.objects.filter(owner=person)


def in_care_of(person: User) -> MachineQuerySet:
    """Select the machines that a person may watch, wake and keep awake: their own, those they teach with, all for administrators."""
    if administers(person):
        return Machine.objects.all()
    return Machine.objects.filter(Q(owner=person) | Q(template__in=changeable(person).values("pk")))


def taught_with(person: User) -> MachineQuerySet:
    """Select the machines made from the templates that a person may change; all of them for administrators."""
    if administers(person):
        return Machine.objects.all()
    return Machine.objects.filter(template__in=changeable(person).values("pk"))


def carers(machines: Collection[UUID], people: Collection[User]) -> dict[UUID, set[int]]:
    """Say of each machine which of these people (by pk) have it in their care, in two queries: `in_care_of`, asked the other way round."""
    admins = {person.pk for person in people if administers(person)}
    authors = {person.pk for person in people if teaches(person)}
    of_template = ("template__course_id", "template__created_by_id")
    rows = list(Machine.objects.filter(pk__in=machines).values_list("pk", "owner_id", *of_template))
    courses = {course for _pk, _owner, course, _author in rows if course}
    taught = Enrolment.objects.filter(course__in=courses, role=Enrolment.Role.TEACHER)
    teachers = set(taught.filter(user__in=[p.pk for p in people if p.is_active]).values_list("course_id", "user_id"))
    return {
        pk: admins
        | {person.pk for person in people if person.pk == owner}
        | {teacher for of, teacher in teachers if of == course}
        | ({author} & authors)
        for pk, owner, course, author in rows
    }


def _questions(person: User) -> QuerySet[Question]:
    return Question.objects.all() if administers(person) else Question.objects.filter(machine__in=in_care_of(person))


def questions_to_watch(person: User) -> QuestionQuerySet:
    """Select the questions about machines that a person teaches with; all of them for administrators."""
    return Question.objects.filter(machine__in=taught_with(person))


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
    theirs = Q(course__in=taught(person).values("course"))
    return Template.objects.filter(theirs | Q(created_by=person) if teaches(person) else theirs)


def _requests(person: User) -> QuerySet[QuotaRequest]:
    if administers(person):
        return QuotaRequest.objects.all()
    written = Template.objects.filter(created_by=person) if teaches(person) else Template.objects.none()
    return QuotaRequest.objects.filter(Q(user=person) | Q(subject__in=written.values("pk")))


def to_decide(person: User) -> QuerySet[QuotaRequest]:
    """Select the requests for more that a person may decide, or might have: not an author's own."""
    return _requests(person) if administers(person) else _requests(person).exclude(user=person)


def _audit(person: User) -> QuerySet[AuditRow]:
    """Select the whole audit log for administrators, for others what staff did with their things."""
    return AuditRow.objects.all() if administers(person) else AuditRow.objects.filter(whom=person)


def _announcements(person: User) -> QuerySet[Announcement]:
    """Select all announcements for administrators, for others those that run and are meant for them."""
    if administers(person):
        return Announcement.objects.all()
    return current.running_for(person, teaches_a_course=is_course_teacher(person))


def _donations(person: User) -> QuerySet[Donation]:
    """Select all donations for administrators, for others their own. Whoever has no account comes by a link (accounts.donors.donor_links)."""
    return Donation.objects.all() if administers(person) else Donation.objects.filter(donor__user=person)


def _donors(person: User) -> QuerySet[Donor]:
    """Select the donors of whose team a person is, and their own row. Of the others administrators see the donations."""
    theirs = Donor.objects.filter(Q(user=person) | Q(team__user=person), erased_at=None).distinct()
    return theirs if person.is_active else theirs.none()


def _computers(person: User) -> QuerySet[Computer]:
    return Computer.objects.all() if administers(person) else Computer.objects.filter(donation__donor__user=person)


def _photos(person: User) -> QuerySet[Photo]:
    """Select the photos of the donations that a person may know of. Those of a form that is not sent yet are in nobody's list."""
    return Photo.objects.filter(donation__in=_donations(person)).select_related("file", "small", "donation", "computer")


def _certificates(person: User) -> QuerySet[WipeCertificate]:
    """Select all certificates for administrators, for others those of the computers that they gave."""
    return WipeCertificate.objects.filter(computer__in=_computers(person))


def _subscriptions(person: User) -> QuerySet[Subscription]:
    """Select all subscriptions for administrators, for others their own."""
    return Subscription.objects.all() if administers(person) else Subscription.objects.of(person)


def _people(person: User) -> QuerySet[User]:
    """Select everybody for administrators, but for whoever was removed: there is nothing left to see."""
    return User.objects.filter(removed_at=None) if administers(person) else User.objects.none()


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
    BrowserSession: lambda person: person.browser_sessions.all(),
    Stray: _all_if(administers, Stray),
    Announcement: _announcements,
    BulkRun: _all_if(administers, BulkRun),
    RowFailure: _all_if(administers, RowFailure),
    Notice: _all_if(administers, Notice),
    AuditRow: _audit,
    User: _people,
    QuotaRequest: _requests,
    Donation: _donations,
    Donor: _donors,
    Computer: _computers,
    Photo: _photos,
    WipeCertificate: _certificates,
    Subscription: _subscriptions,
    WallThanks: _all_if(administers, WallThanks),
}
