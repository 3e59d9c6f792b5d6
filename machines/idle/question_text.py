"""A question, its answers and what follows from each, in the reader's language: the same words in mails, banners, cards and pages.

Whoever is not the owner reads the owner's name: `reader` None is the owner.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accounts.models import User
from courses.policy import policy_of
from machines.idle import answers, durations, questions, times
from machines.models import Answer, Question

C, K = Answer.Choice, Question.Kind


@dataclass(frozen=True, slots=True)
class Offer:
    """An answer that can be given now."""

    choice: str
    label: str
    asks_first: bool  # it needs an hour, or loses something: its page comes before the deed


def headline(question: Question, now: datetime, reader: User | None = None) -> str:
    """Return the question with its deadline: the subject of a mail."""
    return f"{asks(question, reader)} {deadline(question, now)}"


def asks(question: Question, reader: User | None = None) -> str:
    """Return the question for its owner; for another reader, the statement that the owner was asked."""
    facts = {"name": question.machine.name}
    if owner := question.machine.owner_for(reader):
        facts["owner"] = owner
        if question.kind == K.SLEEP:
            return _("%(owner)s was asked whether %(name)s is still in use.") % facts
        return _("%(owner)s was asked whether %(name)s is to be kept.") % facts
    return _("Still using %(name)s?") % facts if question.kind == K.SLEEP else _("Keep %(name)s?") % facts


def deadline(question: Question, now: datetime) -> str:
    """Say what happens without an answer, and when. Before the first delivery: the earliest time at which it can."""
    at = questions.earliest_end(question, now)
    if question.kind == K.ARCHIVE:
        return _("It is archived on %(at)s.") % {"at": times.with_day(at)}
    if question.kind == K.DELETE:
        return _("Its archive will be deleted on %(at)s.") % {"at": times.with_day(at)}
    return _("It goes to sleep at %(at)s.") % {"at": times.moment(at, now)}


def meaning(question: Question) -> str:
    """Explain the deed to somebody who hears of it for the first time."""
    if question.kind == K.ARCHIVE:
        return _("Its disk is kept as an image, and its name and ports stay. You can have it back from its page.")
    if question.kind == K.DELETE:
        return f"{loss()} {_('Keep it, or fetch what you need first.')}"
    if not question.machine.template.image.can_suspend:
        return _("Its kind of machine cannot keep its memory: it is shut down. Its disk is kept; what runs in it ends.")
    return _("Its memory is kept: everything in it goes on where it stopped when you wake it.")


def loss() -> str:
    """Say what the deletion of an archive costs."""
    return _("Everything in it will be lost.")


def label(question: Question, choice: str) -> str:
    """Return the words of the answer's button."""
    done = {K.SLEEP: _("I am done: put it away"), K.ARCHIVE: _("Archive it now"), K.DELETE: _("Delete it now")}
    return {
        C.MORE: _("Yes, %(length)s more") % {"length": _length(question)},
        C.FOUR_HOURS: _("4 h more"),
        C.TONIGHT: _("Tonight, %(at)s") % {"at": durations.EVENING},
        C.JOB: _("Another time…"),
        C.SLEEP: _("Sleep now"),
        C.DONE: done[K(question.kind)],
        C.KEEP: _("Yes, keep it"),
    }[C(choice)]


def offered(question: Question, now: datetime, held: timedelta | None = None) -> list[Offer]:
    """Return the answers that can be given now; the first is the expected one. held: see durations.offered."""
    kept = durations.offered(question, now, held) if question.kind == K.SLEEP else []
    choices = [c for c in answers.CHOICES[question.kind] if c not in durations.KEEPING or c in kept]
    loses = question.kind == K.DELETE
    return [Offer(c, label(question, c), c == C.JOB or (loses and c == C.DONE)) for c in choices]


def consequence(question: Question, choice: str, now: datetime) -> str:
    """Say what the button does, before it is pressed."""
    policy = policy_of(question.machine.template)
    done = {
        K.SLEEP: _("It is put away at once: its disk is kept, what runs in it ends, and others get its place."),
        K.ARCHIVE: _("It is archived at once. Its page has a button to restore it."),
        K.DELETE: _("Its archive is deleted at once, for good."),
    }
    if choice in durations.KEEPING and (end := durations.end_of(choice, policy, now)):
        return _("It stays on until %(at)s, whatever happens in it.") % {"at": times.moment(end, now)}
    return {
        C.TONIGHT: _("It is later than %(at)s already. Choose another answer.") % {"at": durations.EVENING},
        C.JOB: _("It stays on until then, even if nobody connects. At most %(hours)s h for one job.")
        % {"hours": f"{policy.hold_hours:g}"},
        C.SLEEP: _("It goes to sleep at once. Nothing is lost."),
        C.DONE: done[K(question.kind)],
        C.KEEP: _("It stays as it is, and its days are counted anew from now."),
    }[C(choice)]


def thanks(answer: Answer, now: datetime) -> str:
    """Thank for an answer, and say what it does."""
    facts = {"name": answer.ask.machine.name, "at": times.moment(answer.until, now) if answer.until else ""}
    if answer.choice in durations.KEEPING:
        return _("“%(name)s” stays on until %(at)s.") % facts
    done = {
        K.SLEEP: _("Thank you: “%(name)s” is being put away, and somebody else can use its place."),
        K.ARCHIVE: _("Thank you: “%(name)s” is being archived."),
        K.DELETE: _("“%(name)s” is being deleted."),
    }
    said = {
        C.SLEEP: _("“%(name)s” is going to sleep."),
        C.DONE: done[K(answer.ask.kind)],
        C.KEEP: _("“%(name)s” is kept."),
    }
    return said[C(answer.choice)] % facts


def _length(question: Question) -> str:
    minutes = policy_of(question.machine.template).more_minutes
    return f"{minutes / 60:g}\u00a0h" if minutes >= 60 else f"{minutes:g}\u00a0min"
