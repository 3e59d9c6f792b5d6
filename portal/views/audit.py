"""The audit log: all of it for administrators, with filters and an export; for everybody what staff did with their things."""

from typing import cast

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import AuditRow
from lib.spreadsheets import BOM
from lib.whole_numbers import whole_number
from portal import access
from portal.access import only
from portal.forms.audit_form import AuditForm
from portal.lasting_rights import while_allowed
from portal.presenters.audit_rows import csv_batches, folded, page_of_lines
from portal.signed_in import SignedIn
from portal.streamed_parts import streamed


@only("see", AuditRow)
@require_GET
@never_cache
def log(request: SignedIn) -> HttpResponse:
    """List the rows that the filters leave, the newest first."""
    form = AuditForm(request.GET)
    if not form.is_valid():
        return _refused(request, form)
    rows = form.filters.narrow(access.visible(request.user, AuditRow))
    lines, older = page_of_lines(rows, _before(request), shows_address=True)
    query = request.GET.copy()
    query.pop("before", None)
    given = {name for name, value in form.cleaned_data.items() if value}
    context = {"form": form, "lines": folded(lines), "older": older, "query": query.urlencode()}
    return render(request, "audit/log.html", {**context, "is_filtered": given, "is_narrowed": given - {"q"}})


def _refused(request: SignedIn, form: AuditForm) -> HttpResponse:
    return render(request, "audit/log.html", {"form": form, "is_filtered": True, "is_narrowed": True}, status=400)


@only("see", AuditRow)
@require_GET
@never_cache
def export(request: SignedIn) -> HttpResponse:
    """Send what the filters leave as CSV, some rows at a time."""
    form = AuditForm(request.GET)
    if not form.is_valid():
        return _refused(request, form)
    rows = form.filters.narrow(access.visible(request.user, AuditRow))
    name = f"minga-audit-{timezone.localdate()}.csv"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
        "Content-Encoding": "identity",  # or each part were packed by itself, and browsers read the first alone
    }
    parts = while_allowed(csv_batches(rows), request.user, lambda who: access.may(who, "see", AuditRow))
    answer = StreamingHttpResponse(streamed(parts, BOM), headers=headers, content_type="text/csv; charset=utf-8")
    return cast("HttpResponse", answer)


@require_GET
@never_cache
def mine(request: SignedIn) -> HttpResponse:
    """List what staff did with this person's things; `machine` leaves only those about one machine."""
    rows = access.visible(request.user, AuditRow).filter(whom=request.user)
    machine = "".join(char for char in request.GET.get("machine", "")[:64] if char.isprintable())
    if machine:
        rows = rows.filter(kind="machine", object_id=machine)
    lines, older = page_of_lines(rows, _before(request), shows_address=access.administers(request.user))
    return render(request, "audit/mine.html", {"lines": folded(lines), "older": older, "machine": machine})


def _before(request: SignedIn) -> int | None:
    """Read where the page begins; anything else than a number of a row is the newest."""
    return whole_number(request.GET.get("before", ""))
