"""Questions before a machine sleeps, and warnings before it is archived or deleted: opened, timed, closed.

Who decides when to ask, and what happens at the end, calls this (the sweep). An open question without `ends_at` has reached
nobody yet: nothing may follow from it. Whoever closes a question first has the last word: `close` says whether it was you, so
do what follows only then, in the same transaction.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _

from accounts.failures import Failures
from accounts.models import Notice
from accounts.notices import outbox
from courses.policy import policy_of
from lib import doorbell
from lib.notes import Note
from machines.models import Event, Machine, Question

WARN_DAYS = (7, 1)  # before archiving or deleting: the first warning and the second
_OPENED = {
    Question.Kind.SLEEP: _("Its owner is asked whether it is still in use."),
    Question.Kind.ARCHIVE: _("Its owner is warned that it will be archived."),
    Question.Kind.DELETE: _("Its owner is warned that its archive will be deleted."),
}
_TOO_LATE = _("The question was over first.")
ABOUT = "ask:"  # of the outbox
CHANNELS = (Notice.Channel.PAGE, Notice.Channel.MAIL, Notice.Channel.TERMINAL)


@transaction.atomic
def ask(*, machine: Machine, kind: str, why: Note, now: datetime, number: int = 1) -> Question:
    """Return the open question of this kind, a new one where there is none. A later warning takes the place of an earlier one."""
    earlier = Question.objects.open().filter(machine=machine, kind=kind, number__lt=number)
    close_all(pks=list(earlier.values_list("pk", flat=True)), outcome=Question.Outcome.OVER, now=now)
    facts = {"number": number, "stored_why": why.as_json(), "asked_at": now}
    opened, is_new = Question.objects.get_or_create(machine=machine, kind=kind, closed_at=None, defaults=facts)
    if is_new:
        _send_out(opened, now)
    return opened


def _send_out(opened: Question, now: datetime) -> None:
    """Send the question by every channel. A page is not sent: it is delivered when its owner looks."""
    to, holder = opened.machine.owner, opened.machine_id
    kind, about = f"idle.{opened.kind}", about_of(opened.pk)
    outbox.send(kind=kind, to=to, about=about, holder=holder, channels=CHANNELS, now=now)
    opened.machine.record(Event.Kind.NOTED, Note(_OPENED[Question.Kind(opened.kind)]))
    doorbell.ring("machines.tasks.write_lines")


def close(*, question: Question, outcome: str, now: datetime) -> bool:
    """Close the question. True if it was still open, so that this caller closed it."""
    done = close_all(pks=[question.pk], outcome=outcome, now=now) == 1
    if done:
        question.closed_at, question.outcome = now, outcome
    return done


@transaction.atomic
def close_all(*, pks: Collection[int], outcome: str, now: datetime) -> int:
    """Close questions that are still open, and return how many were. What was not delivered yet is not sent any more."""
    if not pks:
        return 0
    closed = Question.objects.open().filter(pk__in=pks).update(closed_at=now, outcome=outcome)
    outbox.cancel([about_of(pk) for pk in pks], _TOO_LATE)
    return closed


def delivered_at(question: Question) -> datetime | None:
    """Return when the first channel reached its owner."""
    return min(
        (notice.delivered_at for notice in notices_of([question])[question.pk] if notice.delivered_at), default=None
    )


def notices_of(questions: Iterable[Question]) -> dict[int, list[Notice]]:
    """Return the messages of each question, by its id: one query."""
    found: dict[int, list[Notice]] = {question.pk: [] for question in questions}
    for row in Notice.objects.filter(about__in=map(about_of, found)).order_by("channel"):
        found[question_id_of(row)].append(row)
    return found


def time_to_answer(question: Question) -> timedelta:
    """Return how long its owner has for an answer, from the first delivery on."""
    if question.kind != Question.Kind.SLEEP:
        return timedelta(days=WARN_DAYS[min(question.number, len(WARN_DAYS)) - 1])
    policy = policy_of(question.machine.template)
    return timedelta(minutes=policy.ask_minutes if was_visited(question.machine) else policy.first_ask_minutes)


def earliest_end(question: Question, now: datetime) -> datetime:
    """Return when it happens; while it is not delivered, when it would if that were done now."""
    return question.ends_at or now + time_to_answer(question)


def was_visited(machine: Machine) -> bool:
    """Return whether anybody has come in since the machine was started. Unknown counts as yes, which gives the longer time."""
    activity = getattr(machine, "activity", None)
    return activity is None or activity.was_visited


def settle(now: datetime, *, machine: UUID | None = None) -> int:
    """Begin the countdown of questions that have just reached somebody, at the first delivery. Returns how many began.

    machine: of its questions only. The outbox calls nobody, so this is asked before anything is decided.
    """
    return _settle(Question.objects.filter(machine=machine) if machine else Question.objects.all(), now)


@transaction.atomic
def delivered(notice: Notice, now: datetime) -> bool:
    """Note that one channel reached the person. False when it was delivered, or the question closed, before."""
    # Lock order: the question before its messages, as in close_all.
    list(Question.objects.filter(pk=question_id_of(notice)).select_for_update().values_list("pk"))
    if not outbox.delivered(notice, now):
        return False
    _settle(Question.objects.filter(pk=question_id_of(notice)), now)
    return True


def seen(pks: Collection[int], now: datetime) -> None:
    """Note that their owner has loaded a page that shows these questions."""
    abouts = [about_of(pk) for pk in pks]
    for notice in Notice.objects.filter(about__in=abouts, channel=Notice.Channel.PAGE, state=Notice.State.DUE):
        delivered(notice, now)


def about_of(pk: int) -> str:
    """Return the name of a question in the outbox."""
    return f"{ABOUT}{pk}"


def question_id_of(notice: Notice) -> int:
    """Return the id of the question that a message of the outbox is about."""
    return int(notice.about.removeprefix(ABOUT))


def _settle(questions: "QuerySet[Question]", now: datetime) -> int:
    waiting = Question.objects.open().filter(pk__in=questions.values("pk"), ends_at__isnull=True)
    abouts = [about_of(pk) for pk in waiting.values_list("pk", flat=True)]
    reached_at: dict[int, datetime] = {}
    for notice in Notice.objects.filter(about__in=abouts, delivered_at__lte=now).order_by("-delivered_at"):
        # Ordered newest first, so the first delivery wins.
        reached_at[question_id_of(notice)] = notice.delivered_at or now
    failures, begun = Failures("idle"), []
    rows = Question.objects.filter(pk__in=reached_at, machine__held_at__isnull=True)
    for row in rows.select_related("machine__activity", "machine__template__course"):
        with failures.at(row.machine_id, holder=row.machine_id):
            row.ends_at = reached_at[row.pk] + time_to_answer(row)
            begun.append(row)
    # If two channels deliver at once, the first to write sets the deadline. A deadline once delivered is not moved.
    return Question.objects.filter(ends_at__isnull=True).bulk_update(begun, ["ends_at"], batch_size=500) if begun else 0
