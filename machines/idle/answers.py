"""Answers to questions and warnings: who may give which, within which limits, and what follows at once.

The row of the question is locked: of an answer and the sweep that takes silence for one, exactly one wins. While a question
lives, a person may change their mind: each of its answers counts once.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext_noop as _

import quotas.actions
from accounts.models import User
from courses.policy import policy_of
from lib.names import made_clean
from lib.notes import Note, Refusal, moment
from machines import actions
from machines.idle import durations, links, questions, times
from machines.models import Answer, Event, Hold, Machine, Question
from machines.states import State, Wanted

C, K = Answer.Choice, Question.Kind
CHOICES: dict[str, tuple[str, ...]] = {
    K.SLEEP: (*durations.KEEPING, C.SLEEP, C.DONE),
    K.ARCHIVE: (C.KEEP, C.DONE),
    K.DELETE: (C.KEEP, C.DONE),
}
Deed = Callable[[Question, User | None, datetime, datetime | None], datetime | None]


class TooLate(Refusal):
    """The question is over: answered, or its time has passed."""

    code = "too_late"


class NotNow(Refusal):
    """The answer is not one of those that this question takes now."""

    code = "not_now"


# Not “you”: a teacher may have answered, or read this.
_SAID = {
    C.MORE: _("Somebody answered “a little longer” already, at %(at)s."),
    C.FOUR_HOURS: _("Somebody answered “4 h more” already, at %(at)s."),
    C.TONIGHT: _("Somebody answered “tonight” already, at %(at)s."),
    C.JOB: _("Somebody announced a long job already, at %(at)s."),
    C.SLEEP: _("Somebody answered “sleep now” already, at %(at)s."),
    C.DONE: _("Somebody answered “I am done” already, at %(at)s."),
    C.KEEP: _("Somebody answered “keep it” already, at %(at)s."),
}
_BECAME = {
    (K.SLEEP, Question.Outcome.SILENCE): _("Nobody had answered by %(at)s, so it was put to sleep. Nothing is lost."),
    (K.ARCHIVE, Question.Outcome.SILENCE): _(
        "Nobody had answered by %(at)s, so it was archived. Its page has a button to restore it."
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

    Raises TooLate, NotNow, or the refusal of what the answer does.
    """
    quotas.actions.lock(question.machine.owner_id)
    question = living(question, lock=True)
    if refusal := why_not(question, choice, now):
        raise refusal
    deed: Deed = _given if is_given and choice in durations.LONG else _DEEDS[C(choice)]
    until = deed(question, by, now, _end(question, choice, now, until))
    questions.close(question=question, outcome=Question.Outcome.ANSWERED, now=now)
    return Answer.objects.create(ask=question, choice=choice, by=by, at=now, until=until)


@transaction.atomic
def give(*, machine: Machine, until: datetime | None, by: User, now: datetime, reason: str = "") -> Hold:
    """Keep a machine awake, asked or not, without the limits that students have: for teachers and administrators.

    until: None where no time was typed. Raises NotNow unless it is a time in the future, TooLate for a machine that does not run.
    """
    until = _checked_end(until, now)
    if refusal := _wrong_state(machine, must_be_on=True):
        raise refusal
    for open_one in Question.objects.open().filter(machine=machine, kind=K.SLEEP).select_for_update(of=("self",)):
        questions.close(question=open_one, outcome=Question.Outcome.ACTIVE, now=now)
    return _hold(machine, Hold.Kind.GIVEN, by, now, until, made_clean(reason, longest=200))


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
        return NotNow(_("This is not an answer to this question."))
    if said := question.answers.filter(choice=choice).first():
        return TooLate(_SAID[C(choice)], {"at": times.moment(said.at, now)})
    if question.closed_at and question.outcome != Question.Outcome.ANSWERED:
        words = _BECAME.get((K(question.kind), Question.Outcome(question.outcome))) or (
            _ACTIVE if question.outcome == Question.Outcome.ACTIVE else _OVER
        )
        return TooLate(words, {"at": times.moment(question.closed_at, now)})
    if links.has_ended(question, now):
        return TooLate(_ENDED, {"at": times.moment(question.ends_at or now, now)})
    return _wrong_state(question.machine, must_be_on=choice in durations.KEEPING)


def _wrong_state(machine: Machine, *, must_be_on: bool) -> Refusal | None:
    """Refuse to keep awake what sleeps; the other answers are judged by the actions themselves."""
    if machine.wanted == Wanted.GONE or machine.state == State.GONE:
        return TooLate(_("This machine has been deleted."))
    if must_be_on and machine.wanted != Wanted.RUNNING:
        return TooLate(_("It sleeps already, or is about to. Wake it on its page: it goes on where it stopped."))
    return None


# ---- what follows; each gives until when, where the answer has an end ----


def _end(question: Question, choice: str, now: datetime, until: datetime | None) -> datetime | None:
    """Return until when the answer lasts: a time of its own, else the one that was typed."""
    end = durations.end_of(choice, policy_of(question.machine.template), now)
    if choice == C.TONIGHT and end is None:
        raise NotNow(_("It is later than %(at)s already. Choose another answer."), {"at": durations.EVENING})
    return end or until


def _more(question: Question, by: User | None, now: datetime, until: datetime | None) -> datetime | None:
    _hold(question.machine, Hold.Kind.MORE, by, now, _checked_end(until, now))
    return until


def _job(question: Question, by: User | None, now: datetime, until: datetime | None) -> datetime:
    until = _checked_end(until, now)
    durations.check(question, now, until)
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
    question.machine.record(Event.Kind.WISHED, Note(_("To be kept: its days are counted anew.")), by=by, verb="keep")


_DEEDS: dict[Answer.Choice, Deed] = {
    C.MORE: _more,
    **dict.fromkeys(durations.LONG, _job),
    C.SLEEP: _sleep,
    C.DONE: _done,
    C.KEEP: _keep,
}


def _hold(machine: Machine, kind: str, by: User | None, now: datetime, until: datetime, reason: str = "") -> Hold:
    note = Note(_("Kept awake until %(at)s."), {"at": moment(until)})
    machine.record(Event.Kind.WISHED, note, by=by, verb="keep_awake")
    return Hold.objects.create(machine=machine, kind=kind, by=by, starts_at=now, ends_at=until, reason=reason)


def _end_holds(machine: Machine, now: datetime) -> None:
    """End the owner's holds, since the last answer counts; what a teacher gave stays."""
    Hold.objects.live(now).filter(machine=machine).exclude(kind=Hold.Kind.GIVEN).update(ends_at=now)
