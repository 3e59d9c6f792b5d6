"""The cluster as administrators see it: its figures, and its room over time."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lib.measures import memory
from nodes.hypervisors import upkeep
from nodes.models import ClusterHour, ServedMonth
from portal.presenters.chart_drawing import (
    Chart,
    Series,
    Value,
    day_places,
    hour_places,
    lines,
    month_places,
    nice_top,
    stacked,
)
from portal.presenters.figure import Figure, tone_of_share
from portal.presenters.shown_nodes import ShownNode

HOURS, DAYS, MONTHS = 24, 30, 12  # that the charts show


def cluster_figures(nodes: Sequence[ShownNode], today: date) -> list[Figure]:
    """Return the figures of the nodes that the cloud lists. Three queries."""
    listed = [each.node for each in nodes if each.node.listed]
    carrying = [node for node in listed if node.up and node.enabled]
    ids = [node.pk for node in listed]
    rest = f"{_machines(sum(node.servers for node in listed))}; {_between_failures(upkeep.reliability(ids))}"
    return [
        Figure(_("Nodes in service"), str(len(carrying)), _("of %(count)s") % {"count": len(listed)}, rest),
        _room(_("Processors in use"), sum(n.vcpus_used for n in carrying), sum(n.vcpus for n in carrying), str),
        _room(_("Memory in use"), sum(n.ram_mb_used for n in carrying), sum(n.ram_mb for n in carrying), memory),
        _age(upkeep.ages(ids, today)),
    ]  # fmt: skip


def _machines(count: int) -> str:
    return ngettext("%(count)s machine on them", "%(count)s machines on them", count) % {"count": count}


def _room(label: str, used: int, total: int, write: Callable[[int], str]) -> Figure:
    if not total:
        return Figure(label, "–", rest=_("no node takes machines"))
    share = used / total
    rest = _("%(percent)s %% taken") % {"percent": round(100 * share)}
    return Figure(label, write(used), _("of %(count)s") % {"count": write(total)}, rest, tone_of_share(share))


def _between_failures(reliability: upkeep.Reliability) -> str:
    if reliability.hours_between is None:
        return _("no failure seen yet")
    return _("%(hours)s hours from one failure to the next") % {"hours": number_format(reliability.hours_between)}


def _age(ages: upkeep.Ages) -> Figure:
    if not ages.counted:
        return Figure(_("Mean age"), "–", rest=_("no node's year is known yet"))
    oldest = _("the oldest %(years)s") % {"years": ages.oldest}
    return Figure(_("Mean age"), number_format(ages.mean, 1), _("years"), oldest)


# ---- charts ----


def cluster_charts(now: datetime) -> list[Chart]:
    """Return the processors of the last day and the nodes of the last month. One query."""
    rows = list(ClusterHour.objects.filter(at__gt=now - timedelta(days=DAYS)))
    return [_taken(rows, now), _nodes(rows, now)]


def _taken(rows: Sequence[ClusterHour], now: datetime) -> Chart:
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    hours = [first + timedelta(hours=n) for n in range(HOURS)]
    known = {row.at: row for row in rows}
    found = [known.get(hour) for hour in hours]
    room: tuple[Value, ...] = tuple(row.vcpus if row else None for row in found)
    used: tuple[Value, ...] = tuple(row.vcpus_used if row else None for row in found)
    series = (Series(_("processors taken by machines"), "l1", used), Series(_("processors there are"), "l0", room))
    top = nice_top(max((value or 0 for each in series for value in each.values), default=0))
    places = hour_places([timezone.localtime(hour) for hour in hours])
    return lines(
        "load", _("The last 24 hours"), _("by hour, the most in each"), places, series, top=top, axis=_("Hour")
    )


def _nodes(rows: Sequence[ClusterHour], now: datetime) -> Chart:
    """Return how many nodes there were at the fullest hour of each day."""
    today = timezone.localdate(now)
    days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
    up: dict[date, int] = {}
    away: dict[date, int] = {}
    for row in rows:
        day = timezone.localdate(row.at)
        if row.nodes_up >= up.get(day, 0):
            up[day], away[day] = row.nodes_up, row.nodes - row.nodes_up
    series = (
        Series(_("in service"), "c-on", tuple(up.get(day) for day in days)),
        Series(_("out of service"), "c-away", tuple(away.get(day) for day in days)),
    )
    return stacked("nodes", _("Nodes by day"), "", day_places(days), series)


def hours_chart(rows: Sequence[tuple[date, int]], today: date, title: str) -> Chart:
    """Return the hours of the last MONTHS months. rows: the first day of a month, and seconds."""
    months = [today.replace(day=1)]
    while len(months) < MONTHS:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    known: dict[date, int] = {}
    for month, seconds in rows:
        known[month] = known.get(month, 0) + seconds
    first = min(known, default=today)
    values: tuple[Value, ...] = tuple(None if month < first else known.get(month, 0) // 3600 for month in months)
    series = (Series(_("hours"), "c-on", values),)
    return stacked("hours", title, _("this month until now"), month_places(months), series, axis=_("Month"))


def months_of_node(node: int) -> list[tuple[date, int]]:
    return list(ServedMonth.objects.filter(node=node).values_list("month", "seconds"))
