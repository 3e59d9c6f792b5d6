"""Pages of one verb for many machines: chosen in the list of all, shown in numbers, started once, followed to its end."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_noop as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from lib.notes import Refusal
from machines import bulk_preview
from machines.bulk_preview import BulkRefused
from machines.machine_search import every
from machines.models import BulkRun, Machine, MachineQuerySet
from portal import access
from portal.access import only
from portal.forms.bulk_form import BulkForm
from portal.once import once_per_form
from portal.presenters.bulk_page import BulkPage, bulk_page
from portal.request_facts import address_of
from portal.signed_in import SignedIn
from portal.views.all_machines import form_of


@only("start", BulkRun)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def choose(request: SignedIn) -> HttpResponse:
    """Fix the machines that were chosen, and lead to the numbers."""
    query = QueryDict(request.POST.get("query", "")).urlencode()
    back = reverse("all-machines") + (f"?{query}" if query else "")
    if request.method == "GET":
        return redirect(back)
    try:
        verb = _verb(request)
        run = bulk_preview.prepare(machines=_chosen(request, query), verb=verb, by=request.user, query=query)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    return redirect("bulk-run", run.pk)


def _verb(request: SignedIn) -> str:
    verb = request.POST.get("verb", "")
    if verb not in bulk_preview.VERBS:
        raise BulkRefused(_("Choose what to do."))
    return verb


def _chosen(request: SignedIn, query: str) -> MachineQuerySet:
    """Select the ticked machines; or all that the filters leave, where that was ticked."""
    machines = every(access.visible(request.user, Machine))
    if "all" not in request.POST:
        return machines.filter(pk__in=_ids(request.POST.getlist("machine")))
    form = form_of(QueryDict(query), machines)
    if not form.is_valid():
        raise BulkRefused(_("These filters cannot be read. Choose the machines again."))
    return form.filters.narrow(machines)


def _ids(sent: list[str]) -> list[UUID]:
    found = []
    for text in sent:
        try:
            found.append(UUID(text))
        except ValueError:
            continue  # no id of any machine
    return found


@only("see", BulkRun)
@require_http_methods(["GET", "POST"])
@never_cache
def run(request: SignedIn, run: int) -> HttpResponse:
    """Show the numbers; start what they say; show how far it is."""
    row: BulkRun = get_object_or_404(access.visible(request.user, BulkRun), pk=run)
    page = bulk_page(row)
    if request.method == "GET":
        return _page(request, page, _form(page))
    form = _form(page, request.POST)
    if not form.is_valid():
        return _page(request, page, form, 400)
    try:
        access.require(request.user, "start", row)
        bulk_preview.start(run=row, by=request.user, until=form.until, address=address_of(request))
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _page(request, page, form, refusal.status)
    return redirect("bulk-run", row.pk)


def _form(page: BulkPage, data: Any = None) -> BulkForm:
    return BulkForm(data, count=page.count, is_final=page.is_final, keeps_awake=page.keeps_awake)


def _page(request: SignedIn, page: BulkPage, form: BulkForm, status: int = 200) -> HttpResponse:
    context = {
        "p": page,
        "form": form,
        "may_start": access.may(request.user, "start", page.run),
        "items": page.some(),
        "back": reverse("all-machines") + (f"?{page.run.query}" if page.run.query else ""),
    }
    is_part = request.headers.get("HX-Target") == "run"  # the page draws itself anew
    template = "all_machines/_run.html" if is_part else "all_machines/run.html"
    return render(request, template, context, status=status)
