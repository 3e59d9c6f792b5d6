"""The report of a term as a PDF."""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from nodes import report_words
from nodes.printing.page_furniture import TEXT, TITLE, ledger, paragraph, pdf
from nodes.term_report import By, Report

_COLUMNS = (0.21, 0.13, 0.11, 0.13, 0.1, 0.12, 0.12, 0.08)


def printed(report: Report) -> bytes:
    """Return the report as a PDF, in the reader's language. Raises FontsMissing."""
    title = _("Given computers")
    rows = [[line.label, *line.cells] for line in report_words.lines(report)]
    titles = report_words.titles()
    story = [
        paragraph(title, TITLE),
        paragraph(report_words.days(report.span)),
        ledger(titles, rows, _COLUMNS, numbers=len(titles) - 1),
        paragraph(""),
        *[paragraph(note, TEXT) for note in report_words.notes(report)],
    ]
    return pdf(story, title=title, foot=_foot(report))


def _foot(report: Report) -> str:
    """Say on each page when it was printed; of one that names organisations, for whom it is."""
    day = _("Printed on %(day)s") % {"day": date_format(timezone.localdate(), "DATE_FORMAT")}
    return f"{day}. {report_words.for_staff()}" if report.by == By.ORGANISATION else day
