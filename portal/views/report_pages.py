"""The report of a term, for administrators: as a page, as a PDF and for a spreadsheet."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from lib.notes import Refusal
from lib.spreadsheets import BOM, csv_lines
from nodes import report_words
from nodes.models import Computer
from nodes.printing import report_pdf
from nodes.term_report import Report
from nodes.term_report import report as worked_out
from portal.access import only
from portal.forms.report_form import ReportForm
from portal.printed import answer
from portal.signed_in import SignedIn


@only("see", Computer)
@require_GET
@never_cache
def report(request: SignedIn) -> HttpResponse:
    form = ReportForm(request.GET)
    if not form.is_valid():
        return render(request, "desk/report.html", {"form": form}, status=400)
    return _page(request, form, worked_out(form.span, form.division))


@only("see", Computer)
@require_GET
@never_cache
def printed(request: SignedIn) -> HttpResponse:
    """Print the report."""
    form = ReportForm(request.GET)
    if not form.is_valid():
        return _back(request)
    found = worked_out(form.span, form.division)
    try:
        pdf = report_pdf.printed(found)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _page(request, form, found, refusal.status)
    return answer(pdf, f"{_name(found)}.pdf")


@only("see", Computer)
@require_GET
@never_cache
def spreadsheet(request: SignedIn) -> HttpResponse:
    """Send the report as CSV."""
    form = ReportForm(request.GET)
    if not form.is_valid():
        return _back(request)
    found = worked_out(form.span, form.division)
    rows = [[line.label, *line.cells] for line in report_words.lines(found, str)]
    text = BOM + csv_lines([report_words.titles(), *rows])
    headers = {"Content-Disposition": f'attachment; filename="{_name(found)}.csv"'}
    return HttpResponse(text, headers=headers, content_type="text/csv; charset=utf-8")


def _page(request: SignedIn, form: ReportForm, found: Report, status: int = 200) -> HttpResponse:
    context = {
        "form": form, "report": found, "days": report_words.days(found.span), "titles": report_words.titles(),
        "lines": report_words.lines(found), "notes": report_words.notes(found), "query": form.query,
    }  # fmt: skip
    return render(request, "desk/report.html", context, status=status)


def _back(request: SignedIn) -> HttpResponse:
    """Lead to the page, which says what is wrong with the choice."""
    return redirect(f"{reverse('report')}?{request.GET.urlencode()}")


def _name(found: Report) -> str:
    return f"minga-{_('report')}-{found.span.since}-{found.span.until}"
