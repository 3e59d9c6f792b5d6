"""Charts by day as SVG paths: bars, stacked bars and lines. No script and no inline style; words are HTML, so that they do not stretch.

Each chart has all of its numbers as a table, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format, get_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from machines.states import State
from portal.models import DayCount
from portal.presenters.taught_machines import GROUPS
from portal.presenters.tones import tone_of

TONES = ("on", "asleep", "away", "busy", "trouble")  # from the foot of a bar up
Value = int | None  # None: not known
STEP, BAR, HEIGHT = 10.0, 6.4, 100.0  # units of the drawing: a day, a bar of it, all of it
LABELS = 6  # below the drawing, whatever the number of days
UNKNOWN = "–"
LEAST_DAYS = 2  # with anything known; fewer are no chart


@dataclass(frozen=True, slots=True)
class Series:
    """A row of numbers, one for each day. `css`: its colour, a class of the sheet."""

    label: str
    css: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as the template draws it. `paths`: (class, path data), in the order in which they are painted."""

    name: str
    title: str
    note: str
    days: tuple[date, ...]
    series: tuple[Series, ...]
    paths: tuple[tuple[str, str], ...]
    top: int
    unit: str = ""

    @property
    def width(self) -> int:
        return round(STEP * len(self.days))

    @property
    def ticks(self) -> list[tuple[str, str]]:
        """The numbers beside the drawing: the class of the place, and the number with its unit."""
        middle = [] if self.top % 2 else [("at50", f"{self.top // 2}{self.unit}")]
        return [("at0", f"0{self.unit}"), *middle, ("at100", f"{self.top}{self.unit}")]

    @property
    def labels(self) -> list[str]:
        """Name the first day of each sixth of the drawing."""
        return [short_day(day) for day in self.days[:: max(1, len(self.days) // LABELS)]]

    @property
    def rows(self) -> list[tuple[date, list[str]]]:
        """The same as a table, the newest day first."""
        return [
            (day, [UNKNOWN if each.values[n] is None else f"{each.values[n]}{self.unit}" for each in self.series])
            for n, day in reversed(list(enumerate(self.days)))
        ]

    @property
    def is_empty(self) -> bool:
        known = sum(any(each.values[n] is not None for each in self.series) for n in range(len(self.days)))
        return known < LEAST_DAYS or not any(value for each in self.series for value in each.values)


def short_day(day: date) -> str:
    """Write a day without its year."""
    return date_format(day, str(get_format("DATE_FORMAT")).removesuffix(" Y"))


def charts(rows: Sequence[DayCount], days: int, today: date) -> list[Chart]:
    """Return the charts of the last `days` days, today's included. Days without a row are gaps."""
    known = {row.day: row for row in rows}
    dates = tuple(today - timedelta(days=n) for n in reversed(range(days)))
    found = [known.get(day) for day in dates]
    return [_launches(dates, found), _states(dates, found), _room(dates, found)]


Rows = Sequence[DayCount | None]


def _launches(days: tuple[date, ...], rows: Rows) -> Chart:
    ran = tuple(row.launches - row.launches_failed if row else None for row in rows)
    failed = tuple(row.launches_failed if row else None for row in rows)
    series = (
        Series(pgettext("launches", "started"), "c-on", ran),
        Series(pgettext("launches", "failed"), "c-trouble", failed),
    )
    return _stacked("launches", _("Launches by day"), "", days, series)


def _states(days: tuple[date, ...], rows: Rows) -> Chart:
    """Return the machines by state, as the colours of their cards group the states."""
    series = tuple(Series(str(GROUPS[tone]), f"c-{tone}", tuple(_in_tone(row, tone) for row in rows)) for tone in TONES)
    shown = tuple(each for each in series if any(each.values) or each.css in ("c-on", "c-asleep"))
    return _stacked("states", _("Machines by state"), _("at noon"), days, shown)


def _in_tone(row: DayCount | None, tone: str) -> Value:
    if row is None or row.states_at is None:
        return None
    return sum(int(count) for state, count in row.states.items() if state in State.values and tone_of(state) == tone)


def _room(days: tuple[date, ...], rows: Rows) -> Chart:
    """Return how much of the cluster was taken, in percent of what there was."""
    series = (
        Series(_("Processors"), "l1", tuple(_share(row, "vcpus") for row in rows)),
        Series(_("Memory"), "l2", tuple(_share(row, "ram_mb") for row in rows)),
    )
    top = max(100, *(value or 0 for each in series for value in each.values))
    paths = tuple((each.css, _line(each.values, top)) for each in series)
    title, note = _("Room taken"), _("each day's peak, of what the cluster has")
    return Chart("room", title, note, days, series, paths, top, unit="\u00a0%")


def _share(row: DayCount | None, measure: str) -> Value:
    if row is None:
        return None
    used, total = getattr(row, f"{measure}_used"), getattr(row, measure)
    return round(100 * used / total) if total and used is not None else None


def _stacked(name: str, title: str, note: str, days: tuple[date, ...], series: tuple[Series, ...]) -> Chart:
    """Return a chart of bars that stand on each other, the first at the foot."""
    sums = [sum(each.values[n] or 0 for each in series) for n in range(len(days))]
    top = nice_top(max(sums, default=0))
    feet, paths = [0] * len(days), []
    for each in series:
        paths.append((each.css, _bars(each.values, feet, top)))
        feet = [foot + (value or 0) for foot, value in zip(feet, each.values, strict=True)]
    return Chart(name, title, note, days, series, tuple(paths), top)


def nice_top(most: int) -> int:
    """Return a round number of at least `most`, half of which is whole, too."""
    size = 1
    while True:
        for step in (2, 4, 6, 10):
            if step * size >= most:
                return step * size
        size *= 10


def _bars(values: Sequence[Value], feet: Sequence[int], top: int) -> str:
    """Return one path for all bars of a series: a rectangle for each day on which there is any."""
    return "".join(
        f"M{_n(n * STEP + (STEP - BAR) / 2)} {_n(_y(foot + value, top))}h{_n(BAR)}V{_n(_y(foot, top))}h-{_n(BAR)}z"
        for n, (value, foot) in enumerate(zip(values, feet, strict=True))
        if value
    )


def _line(values: Sequence[Value], top: int) -> str:
    """Return a path through the middle of the days; it breaks where a day is not known. A lone day is a short stroke."""
    parts, is_open = [], False
    for n, value in enumerate(values):
        if value is None:
            is_open = False
            continue
        x, y = n * STEP + STEP / 2, _n(_y(value, top))
        parts.append(f"L{_n(x)} {y}" if is_open else f"M{_n(x - 1)} {y}H{_n(x)}")
        is_open = True
    return "".join(parts)


def _y(value: float, top: int) -> float:
    return HEIGHT - HEIGHT * value / top


def _n(number: float) -> str:
    """Write a coordinate shortly: 1.8, 82."""
    return f"{number:.1f}".removesuffix(".0")
