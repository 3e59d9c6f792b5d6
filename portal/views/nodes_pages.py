"""The cluster, for administrators: its nodes, one of them, which computer it is, and its maintenance."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from lib import doorbell
from machines import carried_machines
from machines.models import Machine
from nodes.hypervisors import carried, emptying, ties, upkeep
from nodes.models import Computer, Node
from portal.access import only
from portal.forms.node_forms import DeadForm, EmptyForm, MaintainedForm, TieForm
from portal.once import once_per_form
from portal.presenters import cluster_page
from portal.presenters.measured_computer import bad_disks_of
from portal.presenters.shown_nodes import FILTERS, NodeLine, ShownNode, chips, shown_nodes
from portal.presenters.tones import tone_of
from portal.signed_in import SignedIn

ROWS = 48  # nodes of one page
EVENTS, MACHINES = 50, 50  # that a node's page shows


@only("see", Node)
@require_GET
@never_cache
def nodes(request: SignedIn) -> HttpResponse:
    """List the nodes that a filter leaves, those that need a look first."""
    now = timezone.now()
    shown = shown_nodes(Node.objects.all(), now)
    chosen = next((each for each in FILTERS if each.name == request.GET.get("show", "")), FILTERS[0])
    page = Paginator([each for each in shown if chosen.fits(each)], ROWS).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "chips": chips(shown, chosen.name),
        "figures": cluster_page.cluster_figures(shown, timezone.localdate(now)),
        "charts": cluster_page.cluster_charts(now),
        "seen_at": max((each.node.seen_at for each in shown), default=None),
        "is_empty": not shown,
    }
    return render(request, "nodes/list.html", context)


@only("see", Node)
@require_GET
@never_cache
def node(request: SignedIn, pk: int) -> HttpResponse:
    return _page(request, get_object_or_404(Node, pk=pk))


@only("change", Node)
@require_POST
@never_cache
@once_per_form
def tie(request: SignedIn, pk: int) -> HttpResponse:
    """Say which computer a node is."""
    row, form, now = get_object_or_404(Node, pk=pk), TieForm(request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, row, 400, tie_form=form)
    try:
        made = ties.tie(node=row, by=request.user, **form.facts(row.first_seen_at, now))
    except ties.NotTied as refusal:
        form.add_error(refusal.field, str(refusal))
        return _page(request, row, refusal.status, tie_form=form)
    facts = {"node": row.name, "number": made.computer.number}
    messages.success(request, _("%(node)s is %(number)s now. Its hours count for that computer.") % facts)
    return redirect("node", pk)


@only("change", Node)
@require_POST
@never_cache
def untie(request: SignedIn, pk: int) -> HttpResponse:
    """Say that a node is no given computer any more."""
    row = get_object_or_404(Node, pk=pk)
    ties.untie(node=row, by=request.user, now=timezone.now())
    messages.success(request, _("Untied. What it did until now stays with the computer."))
    return redirect("node", pk)


@only("change", Node)
@require_POST
@never_cache
@once_per_form
def maintained(request: SignedIn, pk: int) -> HttpResponse:
    """Write down that a node was maintained."""
    row, form = get_object_or_404(Node, pk=pk), MaintainedForm(request.POST)
    if not form.is_valid():
        return _page(request, row, 400, maintained_form=form)
    upkeep.record_maintenance(node=row, note=form.cleaned_data["note"], by=request.user, now=timezone.now())
    messages.success(request, _("Written down."))
    return redirect("node", pk)


@only("change", Node)
@require_POST
@never_cache
@once_per_form
def empty(request: SignedIn, pk: int) -> HttpResponse:
    """Take a node out of service for maintenance; its machines leave it."""
    row, form = get_object_or_404(Node, pk=pk), EmptyForm(request.POST)
    return _taken_out(request, row, form, "empty_form", emptying.begin_maintenance)


@only("change", Node)
@require_POST
@never_cache
@once_per_form
def dead(request: SignedIn, pk: int) -> HttpResponse:
    """Say that a node is dead; its machines start elsewhere."""
    row, form = get_object_or_404(Node, pk=pk), DeadForm(request.POST)
    return _taken_out(request, row, form, "dead_form", emptying.declare_dead)


def _taken_out(
    request: SignedIn, row: Node, form: EmptyForm | DeadForm, name: str, act: Callable[..., Any]
) -> HttpResponse:
    if not form.is_valid():
        return _page(request, row, 400, **{name: form})
    try:
        act(node=row, by=request.user, now=timezone.now(), **form.facts())
    except emptying.NotNow as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return _page(request, row, refusal.status, **{name: form})
    return _begun(row)


@only("change", Node)
@require_POST
@never_cache
def back(request: SignedIn, pk: int) -> HttpResponse:
    """Bring a node back into service."""
    row = get_object_or_404(Node, pk=pk)
    emptying.end(node=row, by=request.user, now=timezone.now())
    return _begun(row)


def _begun(row: Node) -> HttpResponse:
    """Let the worker begin at once, and tell open pages of its machines, which say that it is emptied, or no more."""
    doorbell.ring("machines.tasks.empty_nodes")
    carried_machines.tell_pages([row.name])
    return redirect("node", row.pk)


def _page(request: SignedIn, row: Node, status: int = 200, **forms: Any) -> HttpResponse:
    now = timezone.now()
    tied = row.ties.filter(until=None).select_related("computer__donation__donor").first()
    computer: Computer | None = tied.computer if tied else None
    machines = Machine.objects.alive().filter(host=row.name).select_related("owner").order_by("name")
    months = cluster_page.months_of_node(row.pk)
    context = {
        "shown": ShownNode(row, now, computer),
        "node": row,
        "tied": tied,
        "bad_disks": bad_disks_of(computer),
        "carried": carried.sums([computer.pk]).get(computer.pk, carried.Sums()) if computer else None,
        "machines": [(each, tone_of(each.state)) for each in machines[:MACHINES]],
        "more_machines": max(0, machines.count() - MACHINES),
        "hours": sum(seconds for _month, seconds in months) // 3600,
        "chart": cluster_page.hours_chart(months, timezone.localdate(now), _("Hours in service by month")),
        "reliability": upkeep.reliability([row.pk]),
        "history": [NodeLine(event) for event in row.events.select_related("by")[:EVENTS]],
        "tie_form": TieForm(initial={"since": timezone.localdate(now if tied else row.first_seen_at)}),
        "maintained_form": MaintainedForm(),
        "emptying": emptying.open_one(row),
        "may_be_dead": emptying.may_be_dead(row),
        "still_heard": emptying.is_heard(row),
        "empty_form": EmptyForm(),
        "dead_form": DeadForm(),
        "shared_disks": settings.SHARED_DISKS,
        **forms,
    }
    return render(request, "nodes/node.html", context, status=status)
