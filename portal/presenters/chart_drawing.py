"""Charts as SVG paths: bars, stacked bars and lines. No script and no inline style; words are HTML, so that they do not stretch.

Each chart has all of its numbers as a table, too. A place is a day, an hour or a month, with a long name for the table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format, get_format
from django.utils.translation import gettext as _

Value = int | None  # None: not known
STEP, BAR, HEIGHT = 10.0, 6.4, 100.0  # units of the drawing: a place, a bar of it, all of it
LABELS = 6  # below the drawing, whatever the number of places
UNKNOWN = "–"
LEAST = 2  # places with anything known; fewer are no chart


@dataclass(frozen=True, slots=True)
class Series:
    """A row of numbers, one for each place. `css`: its colour, a class of the sheet."""

    label: str
    css: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the axis: its name below the drawing, and the one in the table."""

    short: str
    name: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as the template draws it. `paths`: (class, path data), in the order in which they are painted."""

    name: str
    title: str
    note: str
    places: tuple[Place, ...]
    series: tuple[Series, ...]
    paths: tuple[tuple[str, str], ...]
    top: int
    unit: str = ""
    axis: str = ""  # what the places are, for the head of the table; '': days

    @property
    def head(self) -> str:
        return self.axis or _("Day")

    @property
    def width(self) -> int:
        return round(STEP * len(self.places))

    @property
    def ticks(self) -> list[tuple[str, str]]:
        """The numbers beside the drawing: the class of the place, and the number with its unit."""
        middle = [] if self.top % 2 else [("at50", f"{self.top // 2}{self.unit}")]
        return [("at0", f"0{self.unit}"), *middle, ("at100", f"{self.top}{self.unit}")]

    @property
    def labels(self) -> list[str]:
        """Name the first place of each sixth of the drawing."""
        return [place.short for place in self.places[:: max(1, len(self.places) // LABELS)]]

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The same as a table, the newest first."""
        return [
            (
                place.name,
                [UNKNOWN if each.values[n] is None else f"{each.values[n]}{self.unit}" for each in self.series],
            )
            for n, place in reversed(list(enumerate(self.places)))
        ]

    @property
    def is_empty(self) -> bool:
        known = sum(any(each.values[n] is not None for each in self.series) for n in range(len(self.places)))
        return known < LEAST or not any(value for each in self.series for value in each.values)


def short_day(day: date) -> str:
    """Write a day without its year."""
    return date_format(day, str(get_format("DATE_FORMAT")).removesuffix("Y").rstrip())


def day_places(days: Sequence[date]) -> tuple[Place, ...]:
    return tuple(Place(short_day(day), date_format(day, "DATE_FORMAT")) for day in days)


def month_places(months: Sequence[date]) -> tuple[Place, ...]:
    """Name months, each by its first day."""
    return tuple(Place(date_format(month, "b"), date_format(month, "YEAR_MONTH_FORMAT")) for month in months)


def hour_places(hours: Sequence[datetime]) -> tuple[Place, ...]:
    """Name hours, each by its beginning, which is in the reader's zone."""
    return tuple(Place(f"{hour:%H}", date_format(hour, "DATETIME_FORMAT")) for hour in hours)


def stacked(
    name: str,
    title: str,
    note: str,
    places: tuple[Place, ...],
    series: tuple[Series, ...],
    *,
    unit: str = "",
    axis: str = "",
) -> Chart:
    """Return a chart of bars that stand on each other, the first at the foot."""
    sums = [sum(each.values[n] or 0 for each in series) for n in range(len(places))]
    top = nice_top(max(sums, default=0))
    feet, paths = [0] * len(places), []
    for each in series:
        paths.append((each.css, _bars(each.values, feet, top)))
        feet = [foot + (value or 0) for foot, value in zip(feet, each.values, strict=True)]
    return Chart(name, title, note, places, series, tuple(paths), top, unit, axis)


def nice_top(most: int) -> int:
    """Return a round number of at least `most`, half of which is whole, too."""
    size = 1
    while True:
        for step in (2, 4, 6, 10):
            if step * size >= most:
                return step * size
        size *= 10


def _bars(values: Sequence[Value], feet: Sequence[int], top: int) -> str:
    """Return one path for all bars of a series: a rectangle for each place at which there is any."""
    return "".join(
        f"M{_n(n * STEP + (STEP - BAR) / 2)} {_n(_y(foot + value, top))}h{_n(BAR)}V{_n(_y(foot, top))}h-{_n(BAR)}z"
        for n, (value, foot) in enumerate(zip(values, feet, strict=True))
        if value
    )


def lines(
    name: str,
    title: str,
    note: str,
    places: tuple[Place, ...],
    series: tuple[Series, ...],
    *,
    top: int,
    unit: str = "",
    axis: str = "",
) -> Chart:
    """Return a chart of lines."""
    paths = tuple((each.css, _line(each.values, top)) for each in series)
    return Chart(name, title, note, places, series, paths, top, unit, axis)


def _line(values: Sequence[Value], top: int) -> str:
    """Return a path through the middle of the places; it breaks where one is not known. A lone one is a short stroke."""
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
