"""Say what a subscription is, in words: how long, and how much."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format, number_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lib.measures import MEASURES, Size, memory
from nodes.subscriptions.models import BONUS_HOURS, Plan
from quotas.sentences import in_words

MOST_PHASES = 4  # said one by one
_YEAR, _MONTHS = 365, 12
_CLOSE = 2  # days by which whole months may differ


def brings(plan: Plan) -> str:
    """Say what a plan gives, in short: 12 months, 1 machine."""
    return f"{lasts(plan.days)}, {carries(plan.size)}"


def lasts(days: int) -> str:
    """Say a number of days, as months where it is about that many: 12 months, 45 days."""
    months = round(days * _MONTHS / _YEAR)
    if months and abs(days - months * _YEAR / _MONTHS) <= _CLOSE:
        return ngettext("%(count)s month", "%(count)s months", months) % {"count": months}
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}


def bonus(days: int) -> str:
    """Say what time in service brings: 3 more days for each 1000 hours in service; '' for nothing."""
    if not days:
        return ""
    facts = {"count": days, "hours": number_format(BONUS_HOURS)}
    return (
        ngettext(
            "%(count)s more day for each %(hours)s hours in service",
            "%(count)s more days for each %(hours)s hours in service",
            days,
        )
        % facts
    )


def carries(size: Size) -> str:
    """Say how many machines an amount is for; where it is for none, all that it is."""
    if size.machines:
        return str(in_words("machines", size.machines))
    return all_of(size)


def all_of(size: Size) -> str:
    """Say each measure of an amount: 1 machine, 2 processors, 2 GB of memory, …"""
    amounts = [(measure, getattr(size, measure)) for measure in MEASURES]
    return ", ".join(str(in_words(measure, amount)) for measure, amount in amounts if amount)


@dataclass(frozen=True, slots=True)
class Span:
    """An amount until a moment."""

    ends_at: datetime
    size: Size


@dataclass(frozen=True, slots=True)
class Phase:
    """The sum of all spans that last until the end of a day."""

    day: date
    size: Size


def phases(spans: Iterable[Span], now: datetime) -> list[Phase]:
    """Return what is left of spans that have begun, step by step: it becomes less on each day on which one of them ends."""
    ends = [(localdate(span.ends_at), span.size) for span in spans if span.ends_at > now]
    days = sorted({day for day, _size in ends})
    return [Phase(day, together(size for other, size in ends if other >= day)) for day in days]


def together(sizes: Iterable[Size]) -> Size:
    """Add amounts up."""
    rows = list(sizes)
    return Size(*(sum(getattr(row, measure) for row in rows) for measure in MEASURES))


def in_phases(found: list[Phase]) -> str:
    """Say phases in a sentence: “2 machines with 4 GB of memory until May 3, then 1 machine with 2 GB of memory until September 1”."""
    if not found:
        return ""
    said = found if len(found) <= MOST_PHASES else found[: MOST_PHASES - 1]
    first, *others = [
        _("%(what)s until %(day)s") % {"what": _machines_with_memory(p.size), "day": _day(p.day)} for p in said
    ]
    parts = [first, *(_("then %(what)s") % {"what": text} for text in others)]
    if len(said) < len(found):
        parts.append(_("then step by step less until %(day)s") % {"day": _day(found[-1].day)})
    return ", ".join(parts)


def day_of(at: datetime) -> str:
    """Write the day of a moment, where its reader is."""
    return date_format(localtime(at), "DATE_FORMAT")


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def _machines_with_memory(size: Size) -> str:
    if size.machines and size.ram_mb:
        facts = {"machines": in_words("machines", size.machines), "memory": memory(size.ram_mb)}
        return _("%(machines)s with %(memory)s of memory") % facts
    return carries(size)
