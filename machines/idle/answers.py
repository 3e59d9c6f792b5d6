"""Answers to questions and warnings: who may give which, within which limits, and what follows at once.

The row of the question is locked: of an answer and the sweep that takes silence for one, exactly one wins. While a question
lives, a person may change their mind: each of its answers counts once.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils.translation import gettext_noop as _

import quotas.actions
from accounts.models import User
from courses.policy import IdlePolicy, policy_of
from lib.notes import Note, Refusal
from machines import actions
from machines.idle import links, questions, times
from machines.models import Answer, Event, Hold, Machine, Question
from machines.states import State, Wanted

C, K = Answer.Choice, Question.Kind
CHOICES: dict[str, tuple[str, ...]] = {
    K.SLEEP: (C.MORE, C.JOB, C.SLEEP, C.DONE),
    K.ARCHIVE: (C.KEEP, C.DONE),
    K.DELETE: (C.KEEP, C.DONE),
}
WEEK = timedelta(days=7)
Deed = Callable[[Question, User | None, datetime, datetime | None], datetime | None]


class TooLate(Refusal):
    """The question is over: answered, or its time has passed."""

    code = "too_late"


class NotNow(Refusal):
    code = "not_now"


class NoMoreHold(Refusal):
    """A long job beyond what the policy gives."""

    code = "hold_exceeded"


_SAID = {
    C.MORE: _("You have answered “a little longer” already, at %(at)s."),
    C.JOB: _("You have announced a long job already, at %(at)s."),
    C.SLEEP: _("You have answered “sleep now” already, at %(at)s."),
    C.DONE: _("You have answered “I am done” already, at %(at)s."),
    C.KEEP: _("You have answered “keep it” already, at %(at)s."),
}
_BECAME = {
    (K.SLEEP, Question.Outcome.SILENCE): _("Nobody had answered by %(at)s, so it was put to sleep. Nothing is lost."),
    (K.ARCHIVE, Question.Outcome.SILENCE): _(
        "Nobody had answered by %(at)s, so it was archived. You can restore it on its page."
    ),
    (K.DELETE, Question.Outcome.SILENCE): _("Nobody had answered by %(at)s, so its archive was deleted."),
}
_ACTIVE = _("Somebody has used it since then (%(at)s), so the question is over. Nothing was changed.")
_OVER = _("The question was over at %(at)s: the machine is no longer in the state that it was about.")
_ENDED = _("The time for an answer ended at %(at)s.")


@transaction.atomic
def answer(
    *,
    question: Question,
    choice: str,
    by: User | None,
    now: datetime,
    until: datetime | None = None,
    is_given: bool = False,
) -> Answer:
    """Take an answer. by=None: by a link, which is proof by itself. is_given: a long job without a student's limits.

    Raises Refusal with the sentence that the person reads.
    """
    quotas.actions.lock(question.machine.owner_id)
    question = living(question, lock=True)
    if refusal := why_not(question, choice, now):
        raise refusal
    deed: Deed = _given if is_given and choice == C.JOB else _DEEDS[C(choice)]
    until = deed(question, by, now, until)
    questions.close(question=question, outcome=Question.Outcome.ANSWERED, now=now)
    return Answer.objects.create(ask=question, choice=choice, by=by, at=now, until=until)


@transaction.atomic
def give(*, machine: Machine, until: datetime, by: User, now: datetime, reason: str = "") -> Hold:
    """Keep a machine awake, asked or not, without the limits that students have: for teachers and administrators."""
    for open_one in Question.objects.open().filter(machine=machine, kind=K.SLEEP).select_for_update(of=("self",)):
        questions.close(question=open_one, outcome=Question.Outcome.ACTIVE, now=now)
    return _hold(machine, Hold.Kind.GIVEN, by, now, until, reason)


def living(question: Question, *, lock: bool = False) -> Question:
    """Read the question as it is now; a later warning of the same thing stands in for an earlier one, so its link still helps."""
    rows = Question.objects.select_related("machine__owner", "machine__template__course", "machine__template__image")
    rows = rows.select_for_update(of=("self",)) if lock else rows
    found = rows.get(pk=question.pk)
    if found.outcome != Question.Outcome.OVER:
        return found
    return (
        rows.filter(machine=found.machine_id, kind=found.kind, closed_at=None, number__gt=found.number).first() or found
    )


def why_not(question: Question, choice: str, now: datetime) -> Refusal | None:
    """Return why this answer can no longer be given, or never could; None while it can."""
    if choice not in CHOICES[question.kind]:
        return NotNow(_("This is no answer to this question."))
    if said := question.answers.filter(choice=choice).first():
        return TooLate(_SAID[C(choice)], {"at": times.moment(said.at, now)})
    if question.closed_at and question.outcome != Question.Outcome.ANSWERED:
        words = _BECAME.get((K(question.kind), Question.Outcome(question.outcome))) or (
            _ACTIVE if question.outcome == Question.Outcome.ACTIVE else _OVER
        )
        return TooLate(words, {"at": times.moment(question.closed_at, now)})
    if links.has_ended(question, now):
        return TooLate(_ENDED, {"at": times.moment(question.ends_at or now, now)})
    return _wrong_state(question, choice)


def offers_job(question: Question, now: datetime) -> bool:
    """Return whether a long job can be announced now: where students may, and only near the end, or everybody would."""
    policy = policy_of(question.machine.template)
    offered = timedelta(minutes=policy.hold_offered_minutes)
    return policy.may_hold and questions.earliest_end(question, now) - now <= offered


def _wrong_state(question: Question, choice: str) -> Refusal | None:
    """Refuse to keep awake what sleeps; the other answers are judged by the actions themselves."""
    machine = question.machine
    if machine.wanted == Wanted.GONE or machine.state == State.GONE:
        return TooLate(_("This machine has been deleted."))
    if choice in (C.MORE, C.JOB) and machine.wanted != Wanted.RUNNING:
        return TooLate(_("It sleeps already, or is about to. Wake it on its page: it goes on where it stopped."))
    return None


# ---- what follows; each gives until when, where the answer has an end ----


def _more(question: Question, by: User | None, now: datetime, until: datetime | None) -> datetime:
    until = now + timedelta(minutes=policy_of(question.machine.template).more_minutes)
    _hold(question.machine, Hold.Kind.MORE, by, now, until)
    return until


def _job(question: Question, by: User | None, now: datetime, until: datetime | None) -> datetime:
    until = _checked_end(until, now)
    _check_job(question, policy_of(question.machine.template), now, until)
    _hold(question.machine, Hold.Kind.JOB, by, now, until)
    return until


def _given(question: Question, by: User | None, now: datetime, until: datetime | None) -> datetime:
    """Grant a long job in the name of a teacher, without the limits that students have."""
    until = _checked_end(until, now)
    _hold(question.machine, Hold.Kind.GIVEN, by, now, until)
    return until


def _checked_end(until: datetime | None, now: datetime) -> datetime:
    if until is None or until <= now:
        raise NotNow(_("Say until when, as hours and minutes: 18:30."))
    return until


def _sleep(question: Question, by: User | None, now: datetime, until: datetime | None) -> None:
    _end_holds(question.machine, now)
    actions.suspend(machine=question.machine, by=by, why=Note(_("Its owner answered: sleep now.")))


def _done(question: Question, by: User | None, now: datetime, until: datetime | None) -> None:
    """Do at once what would have come in the end: the machine is no longer needed for now."""
    verbs: dict[str, Callable[..., Machine]] = {
        K.SLEEP: actions.shelve,
        K.ARCHIVE: partial(actions.archive, by_rule=True),  # the rules would archive it in days, quota or not
        K.DELETE: actions.delete,
    }
    _end_holds(question.machine, now)
    verbs[K(question.kind)](machine=question.machine, by=by, why=Note(_("Its owner answered: I am done.")))


def _keep(question: Question, by: User | None, now: datetime, until: datetime | None) -> None:
    Machine.objects.filter(pk=question.machine_id).update(used_at=now)
    question.machine.record(Event.Kind.WISHED, Note(_("To be kept: its days are counted anew.")), by=by)


_DEEDS: dict[Answer.Choice, Deed] = {
    C.MORE: _more,
    C.JOB: _job,
    C.SLEEP: _sleep,
    C.DONE: _done,
    C.KEEP: _keep,
}


def _hold(machine: Machine, kind: str, by: User | None, now: datetime, until: datetime, reason: str = "") -> Hold:
    note = Note(_("Kept awake until %(at)s."), {"at": times.moment(until, now)})
    machine.record(Event.Kind.WISHED, note, by=by)
    return Hold.objects.create(machine=machine, kind=kind, by=by, starts_at=now, ends_at=until, reason=reason[:200])


def _end_holds(machine: Machine, now: datetime) -> None:
    """End the owner's holds, since the last answer counts; what a teacher gave stays."""
    Hold.objects.live(now).filter(machine=machine).exclude(kind=Hold.Kind.GIVEN).update(ends_at=now)


def _check_job(question: Question, policy: IdlePolicy, now: datetime, until: datetime) -> None:
    if not policy.may_hold:
        raise NoMoreHold(_("Long jobs cannot be announced for this machine. Ask your teacher for more time."))
    from_when = questions.earliest_end(question, now) - timedelta(minutes=policy.hold_offered_minutes)
    if now < from_when:
        facts = {"minutes": _plain(policy.hold_offered_minutes), "at": times.moment(from_when, now)}
        raise NoMoreHold(
            _("A long job can be announced in the last %(minutes)s minutes before it would sleep: from %(at)s on."),
            facts,
        )
    latest = now + timedelta(hours=policy.hold_hours)
    if until > latest:
        facts = {"hours": _plain(policy.hold_hours), "at": times.moment(latest, now)}
        raise NoMoreHold(
            _("A long job takes %(hours)s hours at most: until %(at)s. Say it again before that ends."), facts
        )
    _check_week(question.machine, policy, now, until)


def _check_week(machine: Machine, policy: IdlePolicy, now: datetime, until: datetime) -> None:
    used, allowed = held_in_a_week(machine, now), timedelta(hours=policy.hold_hours_a_week)
    if used + (until - now) <= allowed:
        return
    left = max(allowed - used, timedelta(0))
    facts = {"hours": _plain(policy.hold_hours_a_week), "used": _hours(used), "left": _hours(left)}
    raise NoMoreHold(
        _(
            "Long jobs of this machine may take %(hours)s hours in seven days; %(used)s h are taken, %(left)s h are left."
            " Your teacher can give more."
        ),
        facts,
    )


def held_in_a_week(machine: Machine, now: datetime) -> timedelta:
    """Return how long its long jobs have kept it awake in the last seven days, up to now; the caller adds what follows."""
    since, total = now - WEEK, timedelta(0)
    rows = Hold.objects.filter(machine=machine, kind=Hold.Kind.JOB, ends_at__gt=since).order_by("starts_at")
    for row in rows:
        begins, ends = max(row.starts_at, since), min(row.ends_at, now)
        total += max(ends - begins, timedelta(0))
        since = max(since, ends)  # overlapping holds count once
    return total


def _hours(length: timedelta) -> str:
    return _plain(round(length.total_seconds() / 3600, 1))


def _plain(number: float) -> str:
    return f"{number:g}"
