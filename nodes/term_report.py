"""The numbers of the administrators' report between two days: of all given computers, and by kind of donor or by organisation.

Received and retired: between the days, by the ledger of steps, without steps that were taken back. In service and the weight: at the end of the last day.
Hours, machines and people: of the whole months that the days touch, since their ledgers are by month.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import models
from django.db.models import Case, Count, Min, QuerySet, Sum, Value, When
from django.db.models.functions import Lower, Trim
from django.utils import timezone

from nodes import weights
from nodes.models import CarriedMonth, Computer, ServedMonth, StateChange
from nodes.states import State

ORGANISATION = "donation__donor__organisation"
NO_ORGANISATION, AN_ORGANISATION = "", "*"  # keys of groups; other keys are organisations in small letters


class By(models.TextChoices):
    """The ways in which the report can be divided."""

    KIND = "kind"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a report, both ends included."""

    since: date
    until: date

    @property
    def began_at(self) -> datetime:
        return _midnight(self.since)

    @property
    def ended_at(self) -> datetime:
        return _midnight(self.until + timedelta(days=1))

    @property
    def first_month(self) -> date:
        return self.since.replace(day=1)

    @property
    def last_month(self) -> date:
        return self.until.replace(day=1)


@dataclass(slots=True)
class Sums:
    """The sums of a group of computers. hours: by whole seconds, rounded down."""

    received: int = 0
    in_service: int = 0
    retired: int = 0
    seconds: int = 0
    machines: int = 0
    people: int = 0
    weight: weights.Weight = field(default_factory=weights.Weight)

    @property
    def hours(self) -> int:
        return self.seconds // 3600

    def __bool__(self) -> bool:
        return bool(
            self.received or self.in_service or self.retired or self.hours or self.machines or self.weight.counted
        )


@dataclass(frozen=True, slots=True)
class Report:
    """The sums of all given computers, of each group by its key, and of nodes that no given computer is tied to. names: of organisations."""

    span: Span
    by: By
    together: Sums
    groups: dict[str, Sums]
    untied: Sums
    names: dict[str, str]


def last_six_months(today: date) -> Span:
    """Return what a report is about where nothing was chosen: this month until today, and the five before."""
    month = today.replace(day=1)
    for _each in range(5):
        month = (month - timedelta(days=1)).replace(day=1)
    return Span(month, today)


def report(span: Span, by: By) -> Report:
    """Work the report out. The number of queries does not depend on how much there is."""
    computers = list(
        Computer.objects.annotate(key=_key(by), organisation=Trim(ORGANISATION)).only(*_READ).order_by("pk")
    )
    key_of = {each.pk: each.key for each in computers}
    groups: dict[str, Sums] = defaultdict(Sums)
    _count_steps(groups, span, key_of)
    _count_at_the_end(groups, span, computers)
    _count_months(groups, span, by, key_of)
    untied = groups.pop(_UNTIED, Sums())
    together = _together(groups.values())
    carried = _carried(span).filter(computer__isnull=False)
    counted = carried.aggregate(machines=Count("holder", distinct=True), people=Count("person", distinct=True))
    together.machines, together.people = counted["machines"], counted["people"]
    names = {each.key: each.organisation for each in reversed(computers)}
    return Report(span, by, together, {key: sums for key, sums in groups.items() if sums}, untied, names)


_READ = ("pk", "kind", "grams", "state")
_UNTIED = "\0"  # the key of what no given computer did


def _key(by: By, before: str = "") -> Any:
    """Return the key of a computer's group. An erased donor has no organisation any more."""
    name = Lower(Trim(f"{before}{ORGANISATION}"))
    if by == By.ORGANISATION:
        return name
    return Case(
        When(**{f"{before}{ORGANISATION}": ""}, then=Value(NO_ORGANISATION)),
        default=Value(AN_ORGANISATION),
        output_field=models.CharField(),
    )


def _count_steps(groups: dict[str, Sums], span: Span, key_of: dict[int, str]) -> None:
    """Count the computers that came for the first time between the days, and those that were retired."""
    lasting = StateChange.objects.filter(undoes=None, undone_by=None).order_by()
    first = lasting.filter(to_state=State.RECEIVED).values("computer").annotate(first=Min("at"))
    for row in first.filter(first__gte=span.began_at, first__lt=span.ended_at):
        if (key := key_of.get(row["computer"])) is not None:  # else it came while this is worked out
            groups[key].received += 1
    retired = lasting.filter(to_state=State.RETIRED, at__gte=span.began_at, at__lt=span.ended_at)
    for computer in retired.values_list("computer", flat=True).distinct():
        if (key := key_of.get(computer)) is not None:
            groups[key].retired += 1


def _count_at_the_end(groups: dict[str, Sums], span: Span, computers: Iterable[Any]) -> None:
    """Count what was in service, and what the computers weigh that were here, at the end of the last day."""
    rows = StateChange.objects.filter(at__lt=span.ended_at).order_by("computer", "-pk").distinct("computer")
    states = dict(rows.values_list("computer", "to_state"))
    here: dict[str, list[Computer]] = defaultdict(list)
    for each in computers:
        each.state = states.get(each.pk, State.OFFERED)  # as it was then; never saved
        groups[each.key].in_service += each.state == State.IN_SERVICE
        here[each.key].append(each)
    for key, found in here.items():
        groups[key].weight = weights.kept_in_use(found)


def _count_months(groups: dict[str, Sums], span: Span, by: By, key_of: dict[int, str]) -> None:
    """Add hours, machines and people."""
    served = ServedMonth.objects.filter(month__range=(span.first_month, span.last_month)).order_by()
    for row in served.values("computer").annotate(sum=Sum("seconds")):
        if (key := key_of.get(row["computer"]) if row["computer"] else _UNTIED) is not None:
            groups[key].seconds += row["sum"]
    counted = {"machines": Count("holder", distinct=True), "people": Count("person", distinct=True)}
    of_given = _carried(span).filter(computer__isnull=False).annotate(key=_key(by, "computer__"))
    for key, machines, people in of_given.values("key").annotate(**counted).values_list("key", "machines", "people"):
        groups[key].machines, groups[key].people = machines, people
    others = _carried(span).filter(computer=None).aggregate(**counted)
    if others["machines"]:
        groups[_UNTIED].machines, groups[_UNTIED].people = others["machines"], others["people"]


def _carried(span: Span) -> QuerySet[CarriedMonth]:
    return CarriedMonth.objects.filter(month__range=(span.first_month, span.last_month)).order_by()


def _together(groups: Iterable[Sums]) -> Sums:
    """Add up what adds up: machines and people do not, since two computers may have carried the same."""
    found = Sums()
    grams = weighed = counted = 0
    for each in groups:
        found.received += each.received
        found.in_service += each.in_service
        found.retired += each.retired
        found.seconds += each.seconds
        grams, weighed, counted = (
            grams + each.weight.grams,
            weighed + each.weight.weighed,
            counted + each.weight.counted,
        )
    found.weight = weights.Weight(grams, weighed, counted)
    return found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()), timezone.get_default_timezone())
