"""Forecast of a machine's stages, from what is known of its use: a pure function of Facts and one `now`.

The sweep acts by it and pages show it, so they can never disagree. Words for people are in machines.idle.wording.
"""

from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from django.conf import settings

from machines.idle.facts import Facts
from machines.idle.questions import WARN_DAYS
from machines.models import Activity, Question
from machines.states import State, Wanted

Name = Literal["start", "ports", "console", "cpu", "disk", "nic", "hold", "lesson"]
Condition = Literal["work", "quiet", "unknown"]

PORTS_LATE = timedelta(minutes=3)  # the agents' counts are taken over about every minute
TERMINALS_LATE = timedelta(seconds=90)  # an open terminal is reported every 30 s
JUST_NOW = timedelta(minutes=3)  # activity this recent counts as ongoing
# A line that we write into a terminal passes bytes: so soon after it they are our own, if clocks are that close.
ECHO = timedelta(seconds=10)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Signal:
    """A sign of whether a machine is in use."""

    name: Name
    condition: Condition
    at: datetime | None = None  # when it last showed work
    heard_at: datetime | None = None  # when it was last heard at all


@dataclass(frozen=True)
class Outlook:
    """Times are those at which something happens if nothing changes; None: it does not, or nobody can say yet."""

    facts: Facts
    now: datetime
    signals: tuple[Signal, ...] = ()  # of a machine that runs
    quiet_since: datetime | None = None
    held_until: datetime | None = None  # by a hold or a lesson that is on
    asked_at: datetime | None = None  # when its owner is asked, or was
    sleeps_at: datetime | None = None
    shelves_at: datetime | None = None
    archives_at: datetime | None = None
    deletes_at: datetime | None = None
    question: Question | None = None  # the open question or warning that counts now

    @property
    def unknown(self) -> list[Signal]:
        """Return the signals that were not heard lately. Any of them stops the rules."""
        return [signal for signal in self.signals if signal.condition == "unknown"]

    @property
    def at_work(self) -> list[Signal]:
        """Return the signals that show use."""
        return [signal for signal in self.signals if signal.condition == "work"]

    @property
    def in_lesson(self) -> bool:
        """Say whether a lesson of the course is on."""
        lesson = self.facts.lesson
        return lesson is not None and lesson.ends_at > self.now

    @cached_property
    def came_back(self) -> bool:
        """Say whether the machine runs, and was in use or kept awake since its owner was asked."""
        if self.question is None or self.question.kind != Question.Kind.SLEEP or self.quiet_since is None:
            return False
        return self.held_until is not None or self.quiet_since > self.question.asked_at

    @property
    def kept_until(self) -> datetime | None:
        """Return until when nothing is archived or deleted, because its owner's subscription has just ended; None: no such time."""
        ended = self.facts.ended
        return ended.kept_until if ended and ended.kept_until > self.now else None

    @property
    def was_delivered(self) -> bool:
        """Say whether the open question has reached its owner by any channel."""
        return self.question is not None and self.question.ends_at is not None


def outlook_of(facts: Facts, now: datetime) -> Outlook:
    """Return what happens to a machine and when if nobody uses it. Pure: reads the facts and `now`, and asks nobody."""
    machine = facts.machine
    if machine.binned_at is not None:
        bin_ends = machine.binned_at + facts.policy.bin_days * DAY
        bin_ends = max(bin_ends, facts.ended.kept_until) if facts.ended else bin_ends
        return Outlook(facts, now, deletes_at=None if machine.wanted == Wanted.GONE else bin_ends)
    if (machine.state, machine.wanted) == (State.RUNNING, Wanted.RUNNING):
        return _awake(facts, now)
    if machine.has_come_true and machine.state in (State.SUSPENDED, State.SHELVED):
        return _asleep(facts, now)
    if machine.has_come_true and machine.state == State.ARCHIVED:
        return _archived(facts, now)
    return Outlook(facts, now)


def if_closed(facts: Facts, now: datetime) -> Outlook:
    """Return what would follow if every connection were closed now, and nothing more came through its ports or its console."""
    machine, activity = copy(facts.machine), copy(facts.activity)
    if activity is not None:
        for name in ("ports_at", "console_at"):
            if _is_recent(getattr(activity, name), now):
                setattr(activity, name, now - JUST_NOW)
        activity.ports_heard_at, activity.connections, activity.console_open = now, 0, 0
        machine.activity = activity
    closed = outlook_of(replace(facts, machine=machine), now)
    was_busy = any(signal.condition == "work" for signal in outlook_of(facts, now).signals[1:3])
    return _shifted(closed, now) if was_busy else closed


def _shifted(outlook: Outlook, now: datetime) -> Outlook:
    """Return the outlook of a machine that is quiet only from now on."""
    return _times(replace(outlook, quiet_since=max(outlook.quiet_since or now, now), question=None))


def first_visit_due(activity: Activity | None) -> bool:
    """Return whether nobody has come in since the machine was started: then less time is given."""
    return activity is not None and not activity.was_visited


# ---- a machine that runs ----


def _awake(facts: Facts, now: datetime) -> Outlook:
    signals = _signals(facts, now)
    since = facts.activity.since if facts.activity else facts.machine.state_since
    ends = [end for end in _ends(facts) if end <= now]
    held = max((end for end in _ends(facts) if end > now), default=None)
    heard = [signal.at for signal in signals if signal.at and signal.name not in ("hold", "lesson")]
    outlook = Outlook(
        facts,
        now,
        signals=signals,
        held_until=held,
        quiet_since=max([since, *heard, *ends]),
        question=facts.open_question(Question.Kind.SLEEP),
    )
    return _times(outlook)


def _ends(facts: Facts) -> list[datetime]:
    return [part.ends_at for part in (facts.hold, facts.lesson) if part is not None]


def _times(outlook: Outlook) -> Outlook:
    """Fill in when its owner is asked, when it sleeps and so on, counted from when on it is quiet."""
    facts, policy, question = outlook.facts, outlook.facts.policy, outlook.question
    is_first = first_visit_due(facts.activity)
    quiet = max(filter(None, (outlook.quiet_since, outlook.held_until)), default=outlook.now)
    idle = timedelta(minutes=policy.first_minutes if is_first else policy.idle_minutes)
    answer = timedelta(minutes=policy.first_ask_minutes if is_first else policy.ask_minutes)
    if question and not outlook.came_back:
        asked = question.asked_at
        sleeps = question.ends_at or asked + timedelta(hours=settings.IDLE_UNTOLD_HOURS)
    else:
        asked = max(quiet + idle, outlook.now) if outlook.unknown else quiet + idle
        sleeps = max(asked, outlook.now) + answer
    unused_since = max(facts.machine.used_at, outlook.quiet_since or sleeps)
    archives = not_before_grace_ends(facts, unused_since + policy.archive_days * DAY)
    return replace(
        outlook,
        asked_at=asked,
        sleeps_at=sleeps,
        shelves_at=sleeps + timedelta(hours=policy.shelve_hours),
        archives_at=archives,
        deletes_at=archives + policy.delete_days * DAY,
    )


def _signals(facts: Facts, now: datetime) -> tuple[Signal, ...]:
    activity = facts.activity or Activity(since=facts.machine.state_since)
    load_late = timedelta(seconds=2.5 * settings.IDLE_LOAD_SECONDS)
    is_measured = any(rate is not None for rate in (activity.cpu_percent, activity.disk_rate, activity.nic_rate))
    load = activity.load_heard_at
    is_load_known = is_measured and load is not None and now - load <= load_late
    ports_known = activity.ports_heard_at is not None and now - activity.ports_heard_at <= PORTS_LATE
    found = [
        _signal("start", activity.since, activity.since, True, now),
        _signal("ports", _without_echo(activity.ports_at, facts), activity.ports_heard_at, ports_known, now),
        _console(facts, activity, now),
        *(_signal(n, at, load, is_load_known, now) for n, at in _loads(activity)),
    ]
    return (*(_from_now_on(signal, activity) for signal in found), *_kept(facts, now))


def _console(facts: Facts, activity: Activity, now: datetime) -> Signal:
    """Return the signal of the portal's terminals. While one is open, it is known only if its live process reported lately."""
    heard, at = activity.console_heard_at, _without_echo(activity.console_at, facts)
    is_known = not activity.console_open or (heard is not None and now - heard <= TERMINALS_LATE)
    return _signal("console", at, heard or at, is_known, now)


def _loads(activity: Activity) -> list[tuple[Name, datetime | None]]:
    return [("cpu", activity.cpu_at), ("disk", activity.disk_at), ("nic", activity.nic_at)]


def _signal(name: Name, at: datetime | None, heard_at: datetime | None, is_known: bool, now: datetime) -> Signal:
    if not is_known:
        return Signal(name, "unknown", at, heard_at)
    return Signal(name, "work" if _is_recent(at, now) else "quiet", at, heard_at)


def _from_now_on(signal: Signal, activity: Activity) -> Signal:
    """Return the signal without work from before the last start, which counts no more."""
    is_old = signal.at is not None and signal.at < activity.since
    return Signal(signal.name, signal.condition, None, signal.heard_at) if is_old else signal


def _is_recent(at: datetime | None, now: datetime) -> bool:
    return at is not None and now - at < JUST_NOW


def _without_echo(at: datetime | None, facts: Facts) -> datetime | None:
    """Return when bytes last passed, but for those of a line that we ourselves wrote into the machine's terminals."""
    question = facts.open_question(Question.Kind.SLEEP)
    if at is None or question is None:
        return at
    ours = facts.wrote_at or question.asked_at
    return question.asked_at if question.asked_at < at <= ours + ECHO else at


def _kept(facts: Facts, now: datetime) -> list[Signal]:
    kept: list[tuple[Name, datetime | None]] = [
        ("hold", facts.hold.ends_at if facts.hold else None),
        ("lesson", facts.lesson.ends_at if facts.lesson else None),
    ]
    return [Signal(name, "work" if end is not None and end > now else "quiet", end) for name, end in kept]


# ---- a machine that rests ----


def _asleep(facts: Facts, now: datetime) -> Outlook:
    machine, policy = facts.machine, facts.policy
    shelves = None
    if machine.state == State.SUSPENDED:
        shelves = machine.state_since + timedelta(hours=policy.shelve_hours)
    archives, question = _after_warnings(facts, Question.Kind.ARCHIVE, machine.used_at + policy.archive_days * DAY, now)
    deletes = archives + policy.delete_days * DAY
    return Outlook(facts, now, shelves_at=shelves, archives_at=archives, deletes_at=deletes, question=question)


def _archived(facts: Facts, now: datetime) -> Outlook:
    machine = facts.machine
    kept_since = max(machine.state_since, machine.used_at)
    deletes, question = _after_warnings(facts, Question.Kind.DELETE, kept_since + facts.policy.delete_days * DAY, now)
    return Outlook(facts, now, deletes_at=deletes, question=question)


def _after_warnings(facts: Facts, kind: str, due: datetime, now: datetime) -> tuple[datetime, Question | None]:
    """Return the day on which it happens: as planned, but never before each warning has been known for all its days."""
    question, due = facts.open_question(kind), not_before_grace_ends(facts, due)
    if question is not None and question.ends_at is not None:
        return max(due, question.ends_at), question
    return max(due, now + days_of(question.number if question else 1)), question


def not_before_grace_ends(facts: Facts, due: datetime) -> datetime:
    """Return the day on which it is archived or deleted: the warnings begin when the time after the owner's subscription is over."""
    return max(due, facts.ended.kept_until + days_of(1)) if facts.ended else due


def days_of(number: int) -> timedelta:
    """Return how long before the deed this warning is given."""
    return WARN_DAYS[min(number, len(WARN_DAYS)) - 1] * DAY
