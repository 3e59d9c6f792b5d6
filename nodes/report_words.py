"""The words of the report of a term: titles, lines and notes. The page, the PDF and the CSV say the same."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from lib.measures import kilos_alone
from nodes.term_report import AN_ORGANISATION, NO_ORGANISATION, By, Report, Span, Sums


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A line: the group, and its numbers in the order of `titles`. is_sum: of all given computers."""

    label: str
    cells: tuple[str, ...]
    is_sum: bool = False

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Return its numbers with their titles."""
        return list(zip(titles()[1:], self.cells, strict=True))


def titles() -> list[str]:
    """Return the titles of the columns, that of the group first."""
    return [
        pgettext("report", "Given by"),
        pgettext("report", "Received"),
        pgettext("report", "In service"),
        pgettext("report", "Retired"),
        pgettext("report", "Hours"),
        pgettext("report", "Machines"),
        pgettext("report", "People"),
        "kg",
    ]


def lines(report: Report, number: Callable[[int], str] = number_format) -> list[ReportLine]:
    """Return a line for each group by its name, then the sum, then nodes that are no given computer. number: writes whole numbers."""
    groups = [ReportLine(_label(report, key), _cells(sums, number)) for key, sums in report.groups.items()]
    found = sorted(groups, key=lambda line: line.label.casefold())
    found.append(ReportLine(_("All given computers"), _cells(report.together, number), is_sum=True))
    if report.untied:
        untied = report.untied
        cells = ("", "", "", number(untied.hours), number(untied.machines), number(untied.people), "")
        found.append(ReportLine(_("Nodes that are no given computer"), cells))
    return found


def _label(report: Report, key: str) -> str:
    if key == NO_ORGANISATION:
        return _("People without an organisation")
    return _("Organisations") if (report.by, key) == (By.KIND, AN_ORGANISATION) else report.names[key]


def _cells(sums: Sums, number: Callable[[int], str]) -> tuple[str, ...]:
    counts = (sums.received, sums.in_service, sums.retired, sums.hours, sums.machines, sums.people)
    return (*map(number, counts), kilos_alone(sums.weight.grams))


def days(span: Span) -> str:
    """Say the days: June 1, 2026 to November 29, 2026."""
    facts = {"since": date_format(span.since, "DATE_FORMAT"), "until": date_format(span.until, "DATE_FORMAT")}
    return _("%(since)s to %(until)s") % facts


def notes(report: Report) -> list[str]:
    """Say how the numbers are counted, and for whom they are."""
    found = [
        _("Received and retired: in these days. In service and kg: at the end of the last day."),
        _months(report.span),
        _("In the sum each machine and each person counts once, also where computers of several groups carried them."),
        *_weighed(report.together),
    ]
    if report.by == By.ORGANISATION:
        found.append(for_staff())
    return found


def for_staff() -> str:
    """Say who may read a report that names organisations."""
    return _("For staff only: it names organisations, and not all of them agreed to be named.")


def _months(span: Span) -> str:
    facts = {
        "first": date_format(span.first_month, "YEAR_MONTH_FORMAT"),
        "last": date_format(span.last_month, "YEAR_MONTH_FORMAT"),
    }
    if span.first_month == span.last_month:
        return _("Hours, machines and people: of the whole month %(first)s, as far as it has come.") % facts
    return _("Hours, machines and people: of whole months, %(first)s to %(last)s, as far as they have come.") % facts


def _weighed(sums: Sums) -> list[str]:
    usual = sums.weight.counted - sums.weight.weighed
    if not usual:
        return []
    words = ngettext(
        "Of the kilograms, %(count)s computer was not weighed: it counts as such computers usually weigh.",
        "Of the kilograms, %(count)s computers were not weighed: they count as such computers usually weigh.",
        usual,
    )
    return [words % {"count": usual}]
