"""Say what is wrong with the record of a wiped disk: all at once, by field."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop as _

from lib.notes import Note
from nodes.wiping import media
from nodes.wiping.media import Method, Result, Technique, Verification
from nodes.wiping.models import DiskWipe

MOST_GB = 1_000_000
LONGEST = timedelta(days=30)  # of one disk
AHEAD = timedelta(minutes=5)  # the clock of whoever types may be another


def faults(row: DiskWipe, earlier: Iterable[DiskWipe], now: datetime) -> dict[str, Note]:
    """Return what is wrong with a record whose words are of their lists. earlier: the other records of its computer that still count."""
    same = [each for each in earlier if each.pk != row.pk and each.serial.casefold() == row.serial.casefold()]
    found = {
        "serial": _serial(same),
        "size_gb": _size(row),
        "technique": media.why_not_technique(row.media, row.technique),
        "method": _method(row, same),
        "own_technique": _own(row),
        "tool": _tool(row),
        "started_at": _started(row),
        "ended_at": _ended(row, now),
        "result": _result(row),
        "verification": _verification(row),
        "second_person": _second(row),
    }
    return {field: note for field, note in found.items() if note}


def is_destroyed(row: DiskWipe) -> bool:
    return (row.method, row.result) == (Method.DESTROY, Result.PASSED)


def _serial(same: Iterable[DiskWipe]) -> Note | None:
    if any(is_destroyed(each) for each in same):
        return Note(_("This disk is recorded as destroyed already."))
    return None


def _size(row: DiskWipe) -> Note | None:
    if row.size_gb is None or 1 <= row.size_gb <= MOST_GB:
        return None
    return Note(_("From %(least)s to %(most)s."), {"least": 1, "most": MOST_GB})


def _method(row: DiskWipe, same: Iterable[DiskWipe]) -> Note | None:
    if row.method != Method.DESTROY and any(each.result == Result.FAILED for each in same):
        return Note(_("The wipe of this disk failed before: it can only be destroyed."))
    if media.why_not_technique(row.media, row.technique):
        return None  # said at the technique
    return media.why_not_method(row.media, row.technique, row.method)


def _own(row: DiskWipe) -> Note | None:
    is_own = row.technique == Technique.OWN
    if is_own and not row.own_technique:
        return Note(_("Say what was done, in words."))
    if row.own_technique and not is_own:
        return Note(_("This belongs to “Our own way” only: leave it empty, or choose that."))
    return None


def _tool(row: DiskWipe) -> Note | None:
    return None if row.tool or row.method == Method.DESTROY else Note(_("Say with which program it was done."))


def _started(row: DiskWipe) -> Note | None:
    text = _("This is more than %(days)s days before the end. Check both.")
    return Note(text, {"days": LONGEST.days}) if row.ended_at - row.started_at > LONGEST else None


def _ended(row: DiskWipe, now: datetime) -> Note | None:
    if row.ended_at < row.started_at:
        return Note(_("It ends before it starts."))
    return Note(_("This is still to come.")) if row.ended_at > now + AHEAD else None


def _result(row: DiskWipe) -> Note | None:
    if (row.method, row.result) == (Method.DESTROY, Result.FAILED):
        return Note(_("Record it once the disk is destroyed."))
    return None


def _verification(row: DiskWipe) -> Note | None:
    is_destroyed = row.method == Method.DESTROY
    if row.result == Result.PASSED and not row.verification:
        return Note(_("Say how it was verified: without that nobody knows that it passed."))
    if is_destroyed and row.verification and row.verification != Verification.SEEN:
        return Note(_("What is destroyed cannot be read: choose that the remains were looked at."))
    if not is_destroyed and row.verification == Verification.SEEN:
        return Note(_("Only what is destroyed is verified by looking at it."))
    return None


def _second(row: DiskWipe) -> Note | None:
    if row.second_person and row.second_person.casefold() == row.operator_name.casefold():
        return Note(_("This is the name of whoever did it. A second person is somebody else, or nobody."))
    return None
