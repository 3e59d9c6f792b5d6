"""The page of all machines, for administrators: found, put in order, and chosen for one verb."""

from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from courses.models import Template
from machines.bulk_preview import LABELS, VERBS
from machines.machine_search import every, hosts, in_order
from machines.models import BulkRun, Machine, MachineQuerySet
from portal import access
from portal.access import only
from portal.forms.all_machines_form import AllMachinesForm
from portal.numbered_pages import page_of
from portal.presenters.listed_machines import COLUMNS, chips, rows
from portal.presenters.sortable_columns import columns
from portal.signed_in import SignedIn

ON_A_PAGE = 50
FILTERS = ("q", "state", "used", "template", "role", "host")


@only("see", BulkRun)
@require_GET
@never_cache
def all_machines(request: SignedIn) -> HttpResponse:
    """List the machines that the filters leave."""
    machines = every(access.visible(request.user, Machine))
    form = form_of(request.GET, machines)
    if not form.is_valid():
        return render(request, "all_machines/list.html", {"form": form, "is_narrowed": True}, status=400)
    page = _page_of(request, in_order(form.filters.narrow(machines), form.order))
    given = {name: value for name in FILTERS if (value := form.cleaned_data[name])}
    context = {
        "form": form,
        "page": page,
        "rows": rows(page),
        "chips": chips(machines, given),
        "columns": columns(COLUMNS, form.order),
        "verbs": [(verb, LABELS[verb]) for verb in VERBS],
        "query": _query(request),
        "is_filtered": given,
        "is_narrowed": given.keys() - {"q"},
    }
    return render(request, "all_machines/list.html", context)


def _page_of(request: SignedIn, found: MachineQuerySet) -> Page[Machine]:
    """Return a page of rows. Two queries: a search looks through all names, so it is asked once, not for the count and the rows."""
    page: Page[Any] = page_of(request, list(found.values_list("pk", flat=True)), ON_A_PAGE)
    rows = Machine.objects.select_related("owner", "template").in_bulk(list(page.object_list))
    page.object_list = [rows[pk] for pk in page.object_list if pk in rows]
    return page


def form_of(data: Any, machines: MachineQuerySet) -> AllMachinesForm:
    """Return the form with the templates and hosts among which it chooses."""
    return AllMachinesForm(data, templates=Template.objects.order_by("name"), hosts=hosts(machines))


def _query(request: HttpRequest) -> str:
    """Return the filters as they stand in the address, without the page."""
    query: QueryDict = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()
