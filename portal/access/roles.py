"""A person's roles, and what they teach."""

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from courses.models import Enrolment
from machines.models import Machine


def main_role(person: User) -> str:
    """Return the role that gives most: what the API called `role` when people had one."""
    return next((role for role in ("admin", "teacher", "donor") if role in person.held_roles), "student")


def administers(person: User) -> bool:
    """Say whether this person sees and mends everything."""
    return person.is_active and (User.Role.ADMIN in person.roles or person.is_superuser)


def teaches(person: User) -> bool:
    """Say whether this person may make templates: teachers and administrators."""
    return person.is_active and (User.Role.TEACHER in person.roles or administers(person))


def teaches_somewhere(person: User) -> bool:
    """Say whether this person has machines of others to look after: by the role, or as a teacher of a course."""
    return teaches(person) or (person.is_active and is_course_teacher(person))


def is_course_teacher(person: User) -> bool:
    """Say whether this person teaches a course. Costs a query, unless the sign-in read it with the person (portal.adapters)."""
    known: bool | None = getattr(person, "teaches_a_course", None)
    return taught(person).exists() if known is None else known


def teaches_a_course() -> Exists:
    """Return, for a queryset of people, whether each is a teacher of a course."""
    return Exists(Enrolment.objects.filter(user=OuterRef("pk"), role=Enrolment.Role.TEACHER))


def donates(person: User) -> bool:
    """Say whether this person gave a computer, or has a subscription."""
    return person.is_active and User.Role.DONOR in person.roles


def only_donates(person: User) -> bool:
    """Say whether this person came to give: a donor who neither studies nor teaches."""
    return donates(person) and person.held_roles == [User.Role.DONOR]


def teaches_in(person: User, machine: Machine) -> bool:
    """Say whether this person teaches with a machine's template: as its author, or the course for which it was launched."""
    template = machine.template
    if template.created_by_id == person.pk and teaches(person):
        return True
    course = template.course_id
    return course is not None and person.is_active and taught(person).filter(course=course).exists()


def taught(person: User) -> QuerySet[Enrolment]:
    """Select the enrolments by which a person teaches courses."""
    return Enrolment.objects.filter(user=person, role=Enrolment.Role.TEACHER)
