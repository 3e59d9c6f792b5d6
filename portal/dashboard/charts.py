"""Charts of the dashboard, by day: launches, machines by state, room that was taken."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from machines.states import State
from portal.models import DayCount
from portal.presenters.chart_drawing import Chart, Place, Series, Value, day_places, lines, stacked
from portal.presenters.taught_machines import GROUPS
from portal.presenters.tones import tone_of

TONES = ("on", "asleep", "away", "busy", "trouble")  # from the foot of a bar up


def charts(rows: Sequence[DayCount], days: int, today: date) -> list[Chart]:
    """Return the charts of the last `days` days, today's included. Days without a row are gaps."""
    known = {row.day: row for row in rows}
    dates = tuple(today - timedelta(days=n) for n in reversed(range(days)))
    found = [known.get(day) for day in dates]
    places = day_places(dates)
    return [_launches(places, found), _states(places, found), _room(places, found)]


Rows = Sequence[DayCount | None]


def _launches(places: tuple[Place, ...], rows: Rows) -> Chart:
    ran = tuple(row.launches - row.launches_failed if row else None for row in rows)
    failed = tuple(row.launches_failed if row else None for row in rows)
    series = (
        Series(pgettext("launches", "started"), "c-on", ran),
        Series(pgettext("launches", "failed"), "c-trouble", failed),
    )
    return stacked("launches", _("Launches by day"), "", places, series)


def _states(places: tuple[Place, ...], rows: Rows) -> Chart:
    """Return the machines by state, as the colours of their cards group the states."""
    series = tuple(Series(str(GROUPS[tone]), f"c-{tone}", tuple(_in_tone(row, tone) for row in rows)) for tone in TONES)
    shown = tuple(each for each in series if any(each.values) or each.css in ("c-on", "c-asleep"))
    return stacked("states", _("Machines by state"), _("at noon"), places, shown)


def _in_tone(row: DayCount | None, tone: str) -> Value:
    if row is None or row.states_at is None:
        return None
    return sum(int(count) for state, count in row.states.items() if state in State.values and tone_of(state) == tone)


def _room(places: tuple[Place, ...], rows: Rows) -> Chart:
    """Return how much of the cluster was taken, in percent of what there was."""
    series = (
        Series(_("Processors"), "l1", tuple(_share(row, "vcpus") for row in rows)),
        Series(_("Memory"), "l2", tuple(_share(row, "ram_mb") for row in rows)),
    )
    top = max(100, *(value or 0 for each in series for value in each.values))
    title, note = _("Room taken"), _("each day's peak, of what the cluster has")
    return lines("room", title, note, places, series, top=top, unit="\u00a0%")


def _share(row: DayCount | None, measure: str) -> Value:
    if row is None:
        return None
    used, total = getattr(row, f"{measure}_used"), getattr(row, measure)
    return round(100 * used / total) if total and used is not None else None
