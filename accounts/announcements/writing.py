"""Announce, change, end and remove: what administrators do. `by` is None for a command on the server."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.models import Announcement, AnnouncementDismissal, User
from lib.names import ZWJ, ZWNJ
from lib.notes import Refusal
from lib.seen import require_seen

LONGEST = 2_000  # characters of a text
AHEAD = timedelta(days=366)  # of its end
YEARS = range(2000, 9000)  # that a time zone can hold
_JOINERS = ZWNJ + ZWJ  # not printable, but joined emoji are written with them
COLUMNS = ("text_en", "text_es", "audience", "starts_at", "ends_at", "pauses_launches")


class BadAnnouncement(Refusal):
    """An announcement that cannot be made so, at `field`."""

    status = 400
    code = "invalid"

    def __init__(self, text: str, args: dict[str, Any] | None = None, *, field: str) -> None:
        super().__init__(text, args)
        self.field = field


class IsOver(Refusal):
    """A change of an announcement that has ended: it stays as it was."""

    code = "announcement_over"


@transaction.atomic
def announce(
    *,
    text_en: str,
    text_es: str,
    ends_at: datetime | None,
    by: User | None,
    audience: str = Announcement.Audience.EVERYONE,
    starts_at: datetime | None = None,
    pauses_launches: bool = False,
) -> Announcement:
    """Announce a text from `starts_at` (None: now) to `ends_at`. Raises BadAnnouncement."""
    now = timezone.now()
    facts: dict[str, Any] = {"audience": audience, "ends_at": ends_at, "pauses_launches": pauses_launches}
    row = Announcement(text_en=text_en, text_es=text_es, starts_at=starts_at or now, made_by=by, **facts)
    check(row, now)
    row.save()
    _record(row, "announce", by)
    return row


@transaction.atomic
def change(*, announcement: Announcement, by: User | None, seen: str = "", **changes: Any) -> Announcement:
    """Change some of COLUMNS; with another text, whoever has dismissed it sees it again. seen: see lib.seen.

    Raises BadAnnouncement, IsOver and ChangedByOthers.
    """
    now = timezone.now()
    row = Announcement.objects.select_for_update().get(pk=announcement.pk)
    if row.is_over(now):
        raise IsOver(_("This announcement is over. Write a new one."))
    require_seen(row, COLUMNS, seen)
    before = {name: getattr(row, name) for name in COLUMNS}
    for name, value in changes.items():
        setattr(row, name, value if value is not None or name != "starts_at" else now)
    check(row, now)
    if before == {name: getattr(row, name) for name in COLUMNS}:
        return row
    row.save(update_fields=COLUMNS)
    if (row.text_en, row.text_es) != (before["text_en"], before["text_es"]):
        AnnouncementDismissal.objects.filter(announcement=row).delete()
    _record(row, "change_announcement", by)
    return row


@transaction.atomic
def end(*, announcement: Announcement, by: User | None) -> None:
    """End it now; one that has not begun is removed. Twice is once."""
    now = timezone.now()
    row = Announcement.objects.select_for_update().filter(pk=announcement.pk).first()
    if row is None or row.is_over(now):
        return
    if not row.is_running(now):
        return remove(announcement=row, by=by)
    row.ends_at = now
    row.save(update_fields=["ends_at"])
    _record(row, "end_announcement", by)


@transaction.atomic
def remove(*, announcement: Announcement, by: User | None) -> None:
    """Delete it, whether it has begun or not. Twice is once."""
    row = Announcement.objects.select_for_update().filter(pk=announcement.pk).first()
    if row is not None:
        _record(row, "remove_announcement", by)
        row.delete()


@transaction.atomic
def dismiss(*, announcement: Announcement, person: User) -> None:
    """Dismiss it for one person. Twice is once. One that pauses launches stays while it runs; one that was removed meanwhile has gone."""
    rows = Announcement.objects.select_for_update(no_key=True).filter(pk=announcement.pk, pauses_launches=False)
    if rows.first():
        AnnouncementDismissal.objects.get_or_create(announcement=announcement, user=person)


def check(row: Announcement, now: datetime) -> None:
    """Tidy the texts, and refuse what cannot be announced. Raises BadAnnouncement, the first of its faults."""
    for fault in faults(row, now):
        raise fault


def faults(row: Announcement, now: datetime) -> list[BadAnnouncement]:
    """Tidy the texts, and return everything for which this cannot be announced, one fault for each field."""
    row.text_en, row.text_es = _clean(row.text_en), _clean(row.text_es)
    found = [_too_long(row.text_en, "text_en"), _too_long(row.text_es, "text_es")]
    if not row.text_en and not row.text_es:
        found.append(BadAnnouncement(_("Write a text, in one language at least."), field="text_en"))
    if row.audience not in Announcement.Audience.values:
        found.append(BadAnnouncement(_("Choose one of these."), field="audience"))
    return [fault for fault in (*found, _fault_of_start(row), _fault_of_end(row, now)) if fault]


def _fault_of_start(row: Announcement) -> BadAnnouncement | None:
    is_known = row.starts_at.year in YEARS
    return None if is_known else BadAnnouncement(_("Choose a day of this century."), field="starts_at")


def _fault_of_end(row: Announcement, now: datetime) -> BadAnnouncement | None:
    if why := _why_no_end(row.ends_at, row.starts_at, now):
        return BadAnnouncement(why, field="ends_at")
    return None


def _why_no_end(ends_at: datetime | None, starts_at: datetime, now: datetime) -> str:
    """Return why an announcement cannot end then; '' where it can."""
    if ends_at is None:
        return _("Say until when.")
    if ends_at.year not in YEARS:
        return _("Choose a day of this century.")
    if ends_at <= now:
        return _("This time has passed already.")
    if ends_at > now + AHEAD:
        return _("Choose an end within a year.")
    return _("The end must come after the beginning.") if ends_at <= starts_at else ""


def _clean(typed: str) -> str:
    """Return what was typed, without the characters that no text has, and with plain spaces for all others."""
    return "".join(map(_kept, typed.replace("\r\n", "\n"))).strip(f" \n\t{_JOINERS}")


def _kept(char: str) -> str:
    if char.isprintable() or char in f"\n\t{_JOINERS}":
        return char
    return " " if char.isspace() else ""


def _too_long(text: str, field: str) -> BadAnnouncement | None:
    if len(text) <= LONGEST:
        return None
    return BadAnnouncement(_("At most %(most)s characters."), {"most": LONGEST}, field=field)


def _record(row: Announcement, verb: str, by: User | None) -> None:
    times = {"starts_at": row.starts_at.isoformat(), "ends_at": row.ends_at.isoformat()}
    detail = {**times, "audience": row.audience, "pauses_launches": row.pauses_launches}
    record(by=by, verb=verb, thing=Thing("announcement", row.pk, row.text_en or row.text_es), detail=detail)
