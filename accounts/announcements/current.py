"""Announcements that run now: which a person reads, and whether launches are paused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject, Now
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_noop as _

from accounts.announcements.pauses import end_of_pause
from accounts.models import Announcement, AnnouncementDismissal, User
from lib.notes import Refusal, moment

MOST = 5  # on a page; those that pause launches first, then the newest
_COLUMNS = ("pk", "text_en", "text_es", "audience", "ends_at", "pauses_launches")
_AUDIENCES: dict[str, str] = {
    User.Role.STUDENT: Announcement.Audience.STUDENTS,
    User.Role.TEACHER: Announcement.Audience.TEACHERS,
    User.Role.DONOR: Announcement.Audience.DONORS,
    User.Role.ADMIN: Announcement.Audience.ADMINISTRATORS,
}


class LaunchesPaused(Refusal):
    """An announcement pauses launches just now."""

    code = "launches_paused"


@dataclass(frozen=True, slots=True)
class Current:
    """An announcement that runs, as a person reads it."""

    pk: int
    text_en: str
    text_es: str
    ends_at: datetime
    pauses_launches: bool
    paused_until: datetime | None = None  # None in a preview: until the announcement ends

    @property
    def launches_at(self) -> datetime:
        """Return when people may launch again, for one that pauses launches."""
        return self.paused_until or self.ends_at

    @property
    def language(self) -> str:
        """Return the language of the text: the reader's, or the other one where there is none in it."""
        wanted = "es" if (get_language() or "").startswith("es") else "en"
        other = {"es": "en", "en": "es"}[wanted]
        return wanted if getattr(self, f"text_{wanted}") else other

    @property
    def text(self) -> str:
        return self.text_es if self.language == "es" else self.text_en


def shown() -> ArraySubquery:
    """Return, for a queryset of people, the announcements that run and that they have not dismissed, whatever the audience.

    The clock is the database's: the query is written once in a process. One that pauses launches cannot be dismissed while it runs.
    """
    dismissed = AnnouncementDismissal.objects.filter(user=OuterRef(OuterRef("pk"))).values("announcement")
    running: QuerySet[Announcement] = Announcement.objects.filter(starts_at__lte=Now(), ends_at__gt=Now())
    rows = (running.filter(pauses_launches=True) | running.exclude(pk__in=dismissed)).order_by(
        "-pauses_launches", "-pk"
    )
    return ArraySubquery(rows.values(row=JSONObject(**{name: name for name in _COLUMNS})))


def current_for(person: User, *, teaches_a_course: bool) -> list[Current]:
    """Return what a person reads now. Who teaches a course is known above (portal.access)."""
    theirs, rows = audiences(person, teaches_a_course=teaches_a_course), _running(person)
    until = _end_of_pause(rows)
    return [_current(row, until) for row in rows if row["audience"] in theirs][:MOST]


def audiences(person: User, *, teaches_a_course: bool) -> set[str]:
    """Return the audiences to which a person belongs. Teachers are those with the role, and those who teach a course without it."""
    found = {Announcement.Audience.EVERYONE.value, *(_AUDIENCES[role] for role in person.held_roles)}
    return found | {Announcement.Audience.TEACHERS.value} if teaches_a_course else found


def _current(row: dict[str, Any], until: datetime | None) -> Current:
    ends_at, pauses = datetime.fromisoformat(row["ends_at"]), row["pauses_launches"]
    return Current(row["pk"], row["text_en"], row["text_es"], ends_at, pauses, until if pauses else None)


def running_for(person: User, *, teaches_a_course: bool) -> QuerySet[Announcement]:
    """Select the announcements that run for a person, those that they have dismissed too."""
    theirs = audiences(person, teaches_a_course=teaches_a_course)
    return Announcement.objects.running(timezone.now()).filter(audience__in=theirs)


def why_paused(person: User) -> LaunchesPaused | None:
    """Return why nobody launches just now, and until when; None while everybody may. Whoever the audience is, a pause is for all."""
    until = _end_of_pause(_running(person))
    if until is None:
        return None
    text = _("Launching is paused until %(until)s. Machines that you have go on as usual.")
    return LaunchesPaused(text, {"until": moment(until)})


def _end_of_pause(running: list[dict[str, Any]]) -> datetime | None:
    """Return when people may launch again; None if they may now. Costs a query during a pause, which another may follow."""
    ends = [datetime.fromisoformat(row["ends_at"]) for row in running if row["pauses_launches"]]
    return end_of_pause(max(ends)) if ends else None


def _running(person: User) -> list[dict[str, Any]]:
    """Return what runs. Costs a query, unless the sign-in has read it with the person (portal.adapters)."""
    known: list[dict[str, Any]] | None = getattr(person, "announced", None)
    if known is None:
        known = User.objects.filter(pk=person.pk).values_list(shown(), flat=True).first()
    return known or []
