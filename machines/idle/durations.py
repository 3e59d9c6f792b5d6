"""Answers that keep a machine on for a time: until when each lasts, and which of them its policy allows now.

Longer answers than the policy's own minutes count as long jobs: offered near the end only, or everybody would take them, and
limited in length and in a week.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _

from courses.policy import IdlePolicy, policy_of
from lib.notes import Refusal
from machines.idle import questions, times
from machines.models import Answer, Hold, Question

C = Answer.Choice
WEEK = timedelta(days=7)
FOUR_HOURS = timedelta(hours=4)
EVENING = "22:00"  # by the clock of whoever answers
LONG = (C.FOUR_HOURS, C.TONIGHT, C.JOB)  # within the limits of long jobs
KEEPING = (C.MORE, *LONG)


class NoMoreHold(Refusal):
    """A long job beyond what the policy gives."""

    code = "hold_exceeded"


def end_of(choice: str, policy: IdlePolicy, now: datetime) -> datetime | None:
    """Return until when an answer lasts that is given now; None where it names no time of its own, or its time has passed today."""
    if choice == C.MORE:
        return now + timedelta(minutes=policy.more_minutes)
    if choice == C.FOUR_HOURS:
        return now + FOUR_HOURS
    evening = times.next_at(EVENING, now) if choice == C.TONIGHT else None
    return evening if evening and times.is_today(evening, now) else None


def offered(question: Question, now: datetime, held: timedelta | None = None) -> list[str]:
    """Return the answers for a time that would be taken now, the policy's own first.

    held: how long its long jobs have kept the machine on this week, where the caller knows it; else that is a query.
    """
    policy = policy_of(question.machine.template)
    if not offers_long(question, now):
        return [C.MORE]
    if held is None:
        held = held_in_a_week([question.machine_id], now)[question.machine_id]
    least = now + timedelta(minutes=policy.more_minutes)
    ends = {choice: end_of(choice, policy, now) for choice in (C.FOUR_HOURS, C.TONIGHT)}
    fixed = [c for c, end in ends.items() if end and end > least and not too_long(policy, now, end, held)]
    is_any_left = held < timedelta(hours=policy.hold_hours_a_week)
    return [C.MORE, *fixed, *([C.JOB] if is_any_left else [])]


def offers_long(question: Question, now: datetime) -> bool:
    """Return whether a long job can be announced now: where students may, and only near the end, or everybody would."""
    policy = policy_of(question.machine.template)
    return policy.may_hold and now >= _offered_from(question, policy, now)


def check(question: Question, now: datetime, until: datetime) -> None:
    """Raise NoMoreHold, with the numbers, where the policy does not allow a long job until then."""
    policy = policy_of(question.machine.template)
    if not policy.may_hold:
        raise NoMoreHold(_("Long jobs cannot be announced for this machine. A teacher can give it more time."))
    if not offers_long(question, now):
        facts = {
            "minutes": _plain(policy.hold_offered_minutes),
            "at": times.moment(_offered_from(question, policy, now), now),
        }
        raise NoMoreHold(
            _("A long job can be announced in the last %(minutes)s min before it would sleep: from %(at)s on."),
            facts,
        )
    held = held_in_a_week([question.machine_id], now)[question.machine_id]
    if refusal := too_long(policy, now, until, held):
        raise refusal


def too_long(policy: IdlePolicy, now: datetime, until: datetime, held: timedelta) -> NoMoreHold | None:
    """Return the refusal of a long job that would be longer than one may be, or than the week has left; None for others."""
    latest = now + timedelta(hours=policy.hold_hours)
    if until > latest:
        facts = {"hours": _plain(policy.hold_hours), "at": times.moment(latest, now)}
        return NoMoreHold(
            _("A long job takes %(hours)s h at most: until %(at)s. Say it again before that ends."), facts
        )
    allowed = timedelta(hours=policy.hold_hours_a_week)
    if held + (until - now) <= allowed:
        return None
    left = max(allowed - held, timedelta(0))
    return NoMoreHold(
        _(
            "Long jobs of this machine may take %(hours)s h in seven days; %(used)s h are taken, %(left)s h are left."
            " A teacher can give more."
        ),
        {"hours": _plain(policy.hold_hours_a_week), "used": _hours(held), "left": _hours(left)},
    )


def held_in_a_week(machines: Collection[UUID], now: datetime) -> dict[UUID, timedelta]:
    """Return how long long jobs have kept each of these machines on in the last seven days, up to now. One query."""
    rows: dict[UUID, list[Hold]] = {pk: [] for pk in machines}
    for hold in jobs_of_a_week(now).filter(machine__in=rows).order_by("starts_at"):
        rows[hold.machine_id].append(hold)
    return {pk: _length(holds, now) for pk, holds in rows.items()}


def jobs_of_a_week(now: datetime) -> QuerySet[Hold]:
    """Select the long jobs that reach into the last seven days."""
    return Hold.objects.filter(kind=Hold.Kind.JOB, ends_at__gt=now - WEEK)


def _length(holds: Sequence[Hold], now: datetime) -> timedelta:
    """Add up the part of the week that these cover, in the order of their beginnings. What overlaps counts once."""
    since, total = now - WEEK, timedelta(0)
    for row in holds:
        begins, ends = max(row.starts_at, since), min(row.ends_at, now)
        total += max(ends - begins, timedelta(0))
        since = max(since, ends)
    return total


def _offered_from(question: Question, policy: IdlePolicy, now: datetime) -> datetime:
    return questions.earliest_end(question, now) - timedelta(minutes=policy.hold_offered_minutes)


def _hours(length: timedelta) -> str:
    return _plain(round(length.total_seconds() / 3600, 1))


def _plain(number: float) -> str:
    return f"{number:g}"
