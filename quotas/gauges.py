"""Gauges: how much of each measure is used, how much may be, and what lacks for something more."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gauge:
    """The used amount and the limit of one measure, in the unit of the measure."""

    used: int
    limit: int

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def is_over(self) -> bool:
        return self.used > self.limit

    @property
    def percent(self) -> int:
        """The share that is used; 0 only where nothing is."""
        if not self.limit:
            return 100 * bool(self.used)
        return min(100, max(100 * self.used // self.limit, int(self.used > 0)))


@dataclass(frozen=True, slots=True)
class Lack:
    """A measure of which there is not enough. asked: 0 where there is too much of it already."""

    measure: str
    asked: int
    gauge: Gauge

    @property
    def short(self) -> int:
        """Return how much must be freed, or given, for what was asked."""
        return self.asked + self.gauge.used - self.gauge.limit
