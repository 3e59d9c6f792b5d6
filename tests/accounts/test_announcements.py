"""Announcements: who reads which, in which language, until when; and that one pauses launches."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from accounts.announcements import current, writing
from accounts.announcements.pauses import current_pause
from accounts.announcements.writing import BadAnnouncement, IsOver
from accounts.models import Announcement, AnnouncementDismissal, AuditRow, User
from courses.models import Course, Enrolment
from lib.notes import Refusal
from machines.models import Machine
from portal import access
from portal.presenters import announcement_banner

HOUR = timedelta(hours=1)


def announce(by: User | None = None, **facts: Any) -> Announcement:
    given = {"text_en": "Hello", "text_es": "Hola", "ends_at": timezone.now() + HOUR, **facts}
    return writing.announce(by=by, **given)


def read_by(person: User) -> list[str]:
    return [each.text for each in announcement_banner.read_by(User.objects.get(pk=person.pk))]


@pytest.mark.parametrize(
    ("audience", "readers"),
    [
        ("everyone", {"student", "teacher", "donor", "admin"}),
        ("students", {"student"}),
        ("teachers", {"teacher"}),
        ("donors", {"donor"}),
        ("administrators", {"admin"}),
    ],
)
def test_its_audience_reads_it_and_nobody_else(
    audience: str, readers: set[str], student: User, teacher: User, donor: User, admin: User
) -> None:
    announce(audience=audience)
    assert {person.username for person in (student, teacher, donor, admin) if read_by(person)} == readers


def test_whoever_teaches_a_course_reads_what_is_for_teachers(student: User, student2: User) -> None:
    course = Course.objects.create(name="Networks", slug="networks")
    Enrolment.objects.create(course=course, user=student, role=Enrolment.Role.TEACHER)
    Enrolment.objects.create(course=course, user=student2)
    announce(audience="teachers", text_en="for teachers")
    announce(audience="students", text_en="for students")
    assert (read_by(student), read_by(student2)) == (["for students", "for teachers"], ["for students"])
    assert [len(access.visible(person, Announcement)) for person in (student, student2)] == [2, 1]


def test_it_is_read_from_its_beginning_to_its_end(student: User) -> None:
    now = timezone.now()
    announce(text_en="to come", starts_at=now + HOUR, ends_at=now + 2 * HOUR)
    over = announce(text_en="over")
    Announcement.objects.filter(pk=over.pk).update(starts_at=now - 2 * HOUR, ends_at=now - HOUR)
    announce(text_en="now")
    assert read_by(student) == ["now"]


def test_each_reads_their_language_or_else_the_other(student: User) -> None:
    announce()
    announce(text_es="")
    with translation.override("es"):
        found = announcement_banner.read_by(User.objects.get(pk=student.pk))
        assert [(each.language, each.text) for each in found] == [("en", "Hello"), ("es", "Hola")]


def test_what_was_put_away_stays_away_until_its_text_changes(student: User, student2: User, admin: User) -> None:
    row = announce()
    for _twice in range(2):
        writing.dismiss(announcement=row, person=student)
    assert (read_by(student), read_by(student2)) == ([], ["Hello"])
    writing.change(announcement=row, by=admin, ends_at=row.ends_at + HOUR)
    assert read_by(student) == []
    writing.change(announcement=row, by=admin, text_en="News")
    assert read_by(student) == ["News"]


def test_one_that_was_removed_meanwhile_is_dismissed_in_peace(student: User, admin: User) -> None:
    row = announce()
    writing.remove(announcement=Announcement.objects.get(), by=admin)
    writing.dismiss(announcement=row, person=student)
    assert not AnnouncementDismissal.objects.exists()


def test_a_pause_cannot_be_put_away_and_comes_first(student: User) -> None:
    row = announce(text_en="pause", pauses_launches=True)
    announce()
    writing.dismiss(announcement=row, person=student)
    assert read_by(student) == ["pause", "Hello"]
    assert not AnnouncementDismissal.objects.exists()


def test_a_pause_is_for_all_but_administrators_and_says_until_when(student: User, teacher: User, admin: User) -> None:
    until = datetime(2030, 1, 2, 18, 30, tzinfo=UTC)
    row = announce(pauses_launches=True, audience="teachers")
    Announcement.objects.filter(pk=row.pk).update(ends_at=until)
    refusal = access.why_not(User.objects.get(pk=student.pk), "launch", Machine)
    assert refusal is not None
    assert refusal.code == "launches_paused"
    assert "2030" in str(refusal)
    assert not access.may(User.objects.get(pk=teacher.pk), "launch", Machine)
    assert access.may(admin, "launch", Machine)


@pytest.mark.parametrize(
    ("others", "hours"),
    [
        ([], 1), ([(0.5, 3)], 3), ([(1, 2)], 2), ([(0.5, 2), (2, 4), (3, 6)], 6), ([(2, 4)], 1), ([(0.2, 0.7)], 1),
    ],
    ids=["alone", "another begins in it", "another begins at its end", "a chain", "a gap", "one within it"],
)  # fmt: skip
def test_a_pause_lasts_until_people_may_really_launch_again(student: User, others: list[Any], hours: int) -> None:
    now = timezone.now()
    running = announce(text_en="pause", pauses_launches=True, ends_at=now + HOUR)
    for begins, ends in others:
        announce(pauses_launches=True, starts_at=now + begins * HOUR, ends_at=now + ends * HOUR)
    announce(starts_at=now + 0.5 * HOUR, ends_at=now + 9 * HOUR)  # pauses nothing
    person = User.objects.get(pk=student.pk)
    refusal, pause = current.why_paused(person), current_pause(timezone.now())
    assert refusal is not None
    assert pause is not None
    assert datetime.fromisoformat(refusal.note.args["until"]["time"]) == pause.until == now + hours * HOUR
    assert pause.announcement == running
    assert [each.launches_at for each in announcement_banner.read_by(person)] == [pause.until]


def test_a_pause_to_come_is_none_yet(student: User) -> None:
    now = timezone.now()
    announce(pauses_launches=True, starts_at=now + HOUR, ends_at=now + 2 * HOUR)
    assert current_pause(timezone.now()) is None
    assert current.why_paused(User.objects.get(pk=student.pk)) is None


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"text_en": " ", "text_es": "\n"}, "text_en"), ({"text_es": "x" * 2001}, "text_es"), ({"audience": "cats"}, "audience"),
        ({"ends_at": None}, "ends_at"), ({"ends_at": timezone.now() - HOUR, "starts_at": timezone.now() - 2 * HOUR}, "ends_at"),
        ({"starts_at": timezone.now() + 2 * HOUR}, "ends_at"), ({"ends_at": timezone.now() + timedelta(days=400)}, "ends_at"),
        ({"starts_at": datetime(1, 1, 1, tzinfo=UTC)}, "starts_at"), ({"ends_at": datetime(9999, 12, 31, tzinfo=UTC)}, "ends_at"),
    ],
)  # fmt: skip
def test_what_cannot_be_announced_is_said_at_its_field(db: None, facts: dict[str, Any], field: str) -> None:
    with pytest.raises(BadAnnouncement) as refused:
        announce(**facts)
    assert refused.value.field == field


def test_the_database_keeps_them_whole(db: None) -> None:
    row = announce()
    for bad in ({"text_en": "", "text_es": ""}, {"ends_at": row.starts_at - HOUR}, {"audience": "cats"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Announcement.objects.filter(pk=row.pk).update(**bad)


def test_ending_and_removing_twice_is_once(admin: User, student: User) -> None:
    row, later = announce(), announce(starts_at=timezone.now() + HOUR, ends_at=timezone.now() + 2 * HOUR)
    for _twice in range(2):
        writing.end(announcement=row, by=admin)
        writing.end(announcement=later, by=admin)
    assert read_by(student) == []
    assert list(Announcement.objects.all()) == [row]
    with pytest.raises(IsOver):
        writing.change(announcement=row, by=admin, text_en="x")
    verbs = AuditRow.objects.filter(kind="announcement", who=admin).values_list("verb", flat=True)
    assert sorted(verbs) == ["end_announcement", "remove_announcement"]


# ---- the command ----


def run(*words: str) -> str:
    out = StringIO()
    call_command("announce", *words, stdout=out)
    return out.getvalue()


def test_the_command_announces_lists_and_ends(student: User) -> None:
    assert "Announced as" in run("Back soon", "--es", "Ya volvemos", "--until", "2h", "--pause-launches")
    row = Announcement.objects.get()
    assert row.pauses_launches
    assert timedelta(minutes=119) < row.ends_at - timezone.now() <= 2 * HOUR
    assert "pauses launches: Back soon" in run()
    run("--end", str(row.pk))
    assert read_by(student) == []
    assert AuditRow.objects.filter(who=None, verb="announce").count() == 1


@pytest.mark.parametrize(
    "words",
    [
        ("x",),
        ("x", "--until", "soon"),
        ("x", "--until", "2020-01-01T00:00"),
        ("--end", "7"),
        ("x", "--until", "2027-13-01"),
    ],
)
def test_the_command_says_what_it_cannot_read(db: None, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*words)


def test_a_refusal_is_the_house_s_kind() -> None:
    assert issubclass(current.LaunchesPaused, Refusal)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("👩\u200d💻 hi", "👩\u200d💻 hi"), ("from\u00a08\u202fh\u2028on", "from 8 h on"), ("\0\u202eok\u200d", "ok"), ("a\r\n\r\nb", "a\n\nb")],
)  # fmt: skip
def test_a_text_keeps_its_joined_emoji_and_its_spaces(db: None, typed: str, kept: str) -> None:
    assert announce(text_en=typed).text_en == kept


def test_a_text_that_nobody_sees_is_none(db: None) -> None:
    with pytest.raises(BadAnnouncement, match="Write a text"):
        announce(text_en="\u200d\u00a0", text_es="\0")
