"""The announcements on top of every page."""

from functools import partial

from django.http import HttpRequest

from accounts.announcements.current import Current, current_for
from accounts.models import User
from portal import access


def announcements(request: HttpRequest) -> dict[str, object]:
    """Give the announcements that this person reads now; templates that have no banner do not ask for them."""
    return {"announcements": partial(_of, request)}


def read_by(person: User) -> list[Current]:
    """Return the announcements that this person reads now."""
    return current_for(person, teaches_a_course=access.is_course_teacher(person))


def _of(request: HttpRequest) -> list[Current]:
    user = getattr(request, "user", None)
    return read_by(user) if isinstance(user, User) else []
