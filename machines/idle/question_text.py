"""A question, its answers and what follows from each, in the reader's language: the same words in mails, banners and pages."""

from datetime import datetime

from django.utils.translation import gettext as _

from courses.policy import policy_of
from machines.idle import answers, questions, times
from machines.models import Answer, Machine, Question

C, K = Answer.Choice, Question.Kind


def headline(question: Question, now: datetime) -> str:
    """Say what happens without an answer, and when. Before the first delivery: the earliest time at which it can."""
    facts = {"name": question.machine.name, "at": times.moment(questions.earliest_end(question, now), now)}
    if question.kind == K.ARCHIVE:
        return _("“%(name)s” will be archived: %(at)s") % facts
    if question.kind == K.DELETE:
        return _("The archive of “%(name)s” will be deleted: %(at)s") % facts
    return _("“%(name)s” goes to sleep: %(at)s") % facts


def meaning(question: Question) -> str:
    """Explain the deed to somebody who hears of it for the first time."""
    if question.kind == K.ARCHIVE:
        return _("Its disk is kept as an image, and its name and ports stay yours. You can have it back from its page.")
    if question.kind == K.DELETE:
        return _("Everything in it is lost then. Keep it, or fetch what you need before.")
    if not question.machine.template.image.can_suspend:
        return _("Its kind of machine cannot keep its memory: it is shut down. Its disk is kept; what runs in it ends.")
    return _("Its memory is kept: everything in it goes on where it stopped when you wake it.")


def label(question: Question, choice: str) -> str:
    """Return the words of the answer's button."""
    done = {K.SLEEP: _("I am done: put it away"), K.ARCHIVE: _("Archive it now"), K.DELETE: _("Delete it now")}
    return {
        C.MORE: _("%(length)s more") % {"length": _length(question.machine)},
        C.JOB: _("A long job until …"),
        C.SLEEP: _("Sleep now"),
        C.DONE: done[K(question.kind)],
        C.KEEP: _("Keep it"),
    }[C(choice)]


def offered(question: Question, now: datetime) -> list[tuple[str, str]]:
    """Return the answers that can be given now, each with its label."""
    choices = [c for c in answers.CHOICES[question.kind] if c != C.JOB or answers.offers_job(question, now)]
    return [(choice, label(question, choice)) for choice in choices]


def consequence(question: Question, choice: str) -> str:
    """Say what the button does, before it is pressed."""
    policy = policy_of(question.machine.template)
    done = {
        K.SLEEP: _("It is put away at once: its disk is kept, what runs in it ends, and others get its place."),
        K.ARCHIVE: _("It is archived at once. You can have it back from its page."),
        K.DELETE: _("Its archive is deleted at once, for good."),
    }
    return {
        C.MORE: _("It stays on for %(length)s more, whatever happens in it.") % {"length": _length(question.machine)},
        C.JOB: _("It stays on until then, even if nobody connects. At most %(hours)s hours for one job.")
        % {"hours": f"{policy.hold_hours:g}"},
        C.SLEEP: _("It goes to sleep at once. Nothing is lost."),
        C.DONE: done[K(question.kind)],
        C.KEEP: _("It stays as it is, and its days are counted anew from now."),
    }[C(choice)]


def thanks(answer: Answer, now: datetime) -> str:
    """Thank for an answer, and say what it does."""
    facts = {"name": answer.ask.machine.name, "at": times.moment(answer.until, now) if answer.until else ""}
    done = {
        K.SLEEP: _("Thank you: “%(name)s” is being put away, and somebody else can use its place."),
        K.ARCHIVE: _("Thank you: “%(name)s” is being archived."),
        K.DELETE: _("“%(name)s” is being deleted."),
    }
    said = {
        C.MORE: _("“%(name)s” stays on until %(at)s."),
        C.JOB: _("“%(name)s” stays on until %(at)s."),
        C.SLEEP: _("“%(name)s” is going to sleep."),
        C.DONE: done[K(answer.ask.kind)],
        C.KEEP: _("“%(name)s” is kept."),
    }
    return said[C(answer.choice)] % facts


def _length(machine: Machine) -> str:
    minutes = policy_of(machine.template).more_minutes
    return f"{minutes / 60:g} h" if minutes >= 60 else f"{minutes:g} min"
