"""The stages of a machine that nobody uses, one row each: of which machines, when, what is done, and the sentence that says why.

The first row that is due is done; `manage.py idle --dry-run` and docs/admin/idle.md show the same table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop as _

from lib.notes import Note
from machines.actions import ACTIONS
from machines.idle import questions, reasons
from machines.idle.forecast import Outlook, days_of, first_visit_due, not_before_grace_ends
from machines.models import Question
from machines.states import State, Wanted
from machines.verbs import Verb

Due = Callable[[Outlook], datetime | None]
Why = Callable[[Outlook], Note]
Act = Callable[[Outlook, Note], None]
ROOM_NOTICE = timedelta(minutes=5)  # to answer, once asked, while somebody else waits for room
LAST = len(questions.WARN_DAYS)


@dataclass(frozen=True, slots=True)
class Stage:
    """`due`: since or from when it is this machine's turn, None when it is not at all. `act` may raise Refusal."""

    name: str
    which: str
    does: str
    due: Due
    why: Why
    act: Act


@dataclass(frozen=True, slots=True)
class Step:
    """A stage that is due for one machine: which row of the table, by what facts, and since when."""

    stage: Stage
    outlook: Outlook
    due_at: datetime

    @property
    def why(self) -> Note:
        """Return the reason, for the history."""
        return self.stage.why(self.outlook)


# ---- a machine that runs ----


def _asking_due(outlook: Outlook, *, first: bool) -> datetime | None:
    """Return when to ask. Nobody is asked while any signal is unknown: unknown is not idle."""
    if outlook.question or outlook.unknown or first_visit_due(outlook.facts.activity) != first:
        return None
    return outlook.asked_at if outlook.quiet_since else None


def _sleep_due(outlook: Outlook) -> datetime | None:
    if not _is_sleep_question(outlook) or outlook.came_back or outlook.unknown or outlook.held_until:
        return None
    return outlook.sleeps_at


def _back_due(outlook: Outlook) -> datetime | None:
    return outlook.now if outlook.came_back else None


def _is_sleep_question(outlook: Outlook) -> bool:
    return outlook.question is not None and outlook.question.kind == Question.Kind.SLEEP


# ---- a machine that rests ----


def _warning_due(outlook: Outlook, kind: str, number: int) -> datetime | None:
    """Return when to warn. The second warning waits for the first to be delivered, since its days count from there."""
    day = _day_of(outlook, kind)
    if day is None or not _is_turn_of(outlook.question, number):
        return None
    if outlook.question is None:
        return _planned(outlook, kind) - days_of(number)
    return day - days_of(number) if outlook.was_delivered else None


def _is_turn_of(question: Question | None, number: int) -> bool:
    return question is None if number == 1 else question is not None and question.number == number - 1


def _planned(outlook: Outlook, kind: str) -> datetime:
    """Return the day by the policy, and by the end of the owner's subscription."""
    machine, policy = outlook.facts.machine, outlook.facts.policy
    if kind == Question.Kind.ARCHIVE:
        return not_before_grace_ends(outlook.facts, machine.used_at + timedelta(days=policy.archive_days))
    kept_since = max(machine.state_since, machine.used_at)
    return not_before_grace_ends(outlook.facts, kept_since + timedelta(days=policy.delete_days))


def _deed_due(outlook: Outlook, kind: str) -> datetime | None:
    is_warned = outlook.question is not None and outlook.question.number == LAST and outlook.was_delivered
    return _day_of(outlook, kind) if is_warned else None


def _day_of(outlook: Outlook, kind: str) -> datetime | None:
    """Return when this happens to a machine that rests; None where it does not come next."""
    state, machine = State(outlook.facts.machine.state), outlook.facts.machine
    if machine.binned_at or (outlook.question and outlook.question.kind != kind) or _is_kept(outlook):
        return None
    if kind == Question.Kind.ARCHIVE:
        return outlook.archives_at if state in (State.SUSPENDED, State.SHELVED) else None
    return outlook.deletes_at if state == State.ARCHIVED else None


def _is_kept(outlook: Outlook) -> bool:
    """Return whether it was used, or its owner wants it kept, after they were warned; or their subscription ended, which gives it time."""
    question = outlook.question
    if question is None or question.kind == Question.Kind.SLEEP:
        return False
    return outlook.kept_until is not None or outlook.facts.machine.used_at > question.asked_at


def _shelve_due(outlook: Outlook) -> datetime | None:
    machine = outlook.facts.machine
    is_asleep = machine.state == State.SUSPENDED and machine.binned_at is None
    return outlook.shelves_at if is_asleep and machine.has_come_true else None


def _over(outlook: Outlook) -> list[Question]:
    """Return open questions that no longer apply: the machine has gone another way, or was used."""
    kept = None if _is_kept(outlook) else outlook.question
    return [question for question in outlook.facts.questions if question is not kept]


def _over_due(outlook: Outlook) -> datetime | None:
    return outlook.now if _over(outlook) else None


def _bin_due(outlook: Outlook) -> datetime | None:
    machine = outlook.facts.machine
    return outlook.deletes_at if machine.binned_at and machine.wanted != Wanted.GONE else None


def _shelve_for_room(outlook: Outlook) -> datetime | None:
    """Return since when a sleeper may be put away for others. A class in session is protected."""
    machine = outlook.facts.machine
    may = machine.state == State.SUSPENDED and machine.has_come_true and not (machine.binned_at or outlook.in_lesson)
    return machine.state_since if may else None


def _sleep_for_room(outlook: Outlook) -> datetime | None:
    delivered_at = outlook.facts.delivered_at
    if delivered_at is None or _sleep_due(outlook) is None:
        return None
    return delivered_at + ROOM_NOTICE


# ---- what is done ----


def _ask(kind: str, number: int = 1) -> Act:
    def act(outlook: Outlook, why: Note) -> None:
        questions.ask(machine=outlook.facts.machine, kind=kind, why=why, now=outlook.now, number=number)

    return act


def _close(outcome: str) -> Act:
    def act(outlook: Outlook, why: Note) -> None:
        if outlook.question:
            questions.close(question=outlook.question, outcome=outcome, now=outlook.now)

    return act


def _close_over(outlook: Outlook, why: Note) -> None:
    is_used = _is_kept(outlook) and outlook.kept_until is None
    outcome = Question.Outcome.ACTIVE if is_used else Question.Outcome.OVER
    questions.close_all(pks=[question.pk for question in _over(outlook)], outcome=outcome, now=outlook.now)


def _after_silence(verb: Verb) -> Act:
    """Close the question, then act: whoever answers in the same moment is either before us, or finds it over."""

    def act(outlook: Outlook, why: Note) -> None:
        if outlook.question and not questions.close(
            question=outlook.question, outcome=Question.Outcome.SILENCE, now=outlook.now
        ):
            return
        do(verb, outlook, why)

    return act


def _do(verb: Verb) -> Act:
    return lambda outlook, why: do(verb, outlook, why)


def do(verb: Verb, outlook: Outlook, why: Note) -> None:
    """Do what a verb says in the site's own name; the history says why."""
    ACTIONS[verb](machine=outlook.facts.machine, by=None, why=why)


SLEEP, ARCHIVE, DELETE = Question.Kind.SLEEP, Question.Kind.ARCHIVE, Question.Kind.DELETE
_RUNS = _("Running, everything quiet, nothing unknown")
_RESTS = _("Sleeping or put away")

# (name, which machines, what is done, when due, why, how); the first row that is due is done.
TABLE: tuple[Stage, ...] = (
    Stage("over", _("Any, with a question that no longer applies"), _("its open question is closed"),
          _over_due, lambda o: Note(reasons.NO_QUESTION), _close_over),
    Stage("came back", _("Asked, and in use again or kept awake"), _("its open question is closed"),
          _back_due, lambda o: Note(reasons.CAME_BACK), _close(Question.Outcome.ACTIVE)),
    Stage("empty the bin", _("In the recycle bin"), _("it is deleted"),
          _bin_due, reasons.binned_long, _do(Verb.DELETE)),
    Stage("first ask", _("Running, and nobody has come in since it was started"), _("its owner is asked"),
          lambda o: _asking_due(o, first=True), lambda o: reasons.quiet(o, reasons.NOT_VISITED), _ask(SLEEP)),
    Stage("ask", _RUNS, _("its owner is asked"),
          lambda o: _asking_due(o, first=False), lambda o: reasons.quiet(o, reasons.QUIET), _ask(SLEEP)),
    Stage("sleep", _("Asked, told, and still quiet"), _("it is put to sleep"),
          _sleep_due, reasons.silence, _after_silence(Verb.SUSPEND)),
    Stage("put away", _("Sleeping"), _("it is put away, which frees its host"),
          _shelve_due, reasons.asleep_long, _do(Verb.SHELVE)),
    Stage("warn of the archive", _RESTS, _("its owner is warned, 7 days before"),
          lambda o: _warning_due(o, ARCHIVE, 1), reasons.unused, _ask(ARCHIVE, 1)),
    Stage("warn of the archive again", _("Warned once, and told"), _("its owner is warned, 1 day before"),
          lambda o: _warning_due(o, ARCHIVE, 2), reasons.unused, _ask(ARCHIVE, 2)),
    Stage("archive", _("Warned twice, and told"), _("it is archived as an image"),
          lambda o: _deed_due(o, ARCHIVE), reasons.unused, _after_silence(Verb.ARCHIVE)),
    Stage("warn of the end", _("Archived"), _("its owner is warned, 7 days before"),
          lambda o: _warning_due(o, DELETE, 1), reasons.archived_long, _ask(DELETE, 1)),
    Stage("warn of the end again", _("Archived, warned once, and told"), _("its owner is warned, 1 day before"),
          lambda o: _warning_due(o, DELETE, 2), reasons.archived_long, _ask(DELETE, 2)),
    Stage("delete", _("Archived, warned twice, and told"), _("it is deleted"),
          lambda o: _deed_due(o, DELETE), reasons.archived_long, _after_silence(Verb.DELETE)),
)  # fmt: skip


# Stages for machines.idle.make_room, while somebody waits for room. `due`: since when it may be done.
SHELVE_FOR_ROOM = Stage(
    "make room", _("Sleeping longest, while somebody waits for room; no class in session"),
    _("it is put away, which frees its host"), _shelve_for_room, lambda o: Note(reasons.FOR_ROOM), _do(Verb.SHELVE),
)  # fmt: skip
SUSPEND_FOR_ROOM = Stage(
    "make room by sleep", _("Asked longest ago and told, while somebody waits for room and nobody sleeps"),
    _("it is put to sleep"), _sleep_for_room, lambda o: Note(reasons.SLEEP_FOR_ROOM), _after_silence(Verb.SUSPEND),
)  # fmt: skip
ALL = (*TABLE, SHELVE_FOR_ROOM, SUSPEND_FOR_ROOM)


def step_of(outlook: Outlook) -> Step | None:
    """Return what is due for this machine now."""
    for stage in TABLE:
        due = stage.due(outlook)
        if due is not None and due <= outlook.now:
            return Step(stage, outlook, due)
    return None


def coming(outlook: Outlook, until: datetime) -> list[Step]:
    """Return what comes next before `until`, if nothing changes."""
    steps = [Step(stage, outlook, due) for stage in TABLE if (due := stage.due(outlook)) is not None]
    return sorted((step for step in steps if outlook.now < step.due_at <= until), key=lambda step: step.due_at)
