"""The page of one machine: what it is doing, and a tab below."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from lib.notes import Refusal
from machines import disk_images
from machines.models import Machine
from portal import access
from portal.forms.machine_forms import NameForm, PortForm
from portal.presenters import machine_tabs
from portal.presenters.console_place import ConsolePlace
from portal.presenters.machine_card import Shown
from portal.presenters.machine_history import history
from portal.presenters.machine_tabs import CONNECT, HISTORY, PORTS, SETTINGS, Tab
from portal.presenters.quota_ways import ways_for
from portal.presenters.show_machines import show
from portal.presenters.taught_machines import teachers_of
from portal.signed_in import SignedIn
from portal.views.idle_questions import latest_of
from quotas.actions import OverQuota, usage


def find(request: SignedIn, pk: UUID, verb: str = "") -> Machine:
    """Return the machine; 404 for whoever may not know of it, 403 for whoever may not do `verb` to it."""
    row: Machine = get_object_or_404(access.visible(request.user, Machine).with_parts(), pk=pk)
    if verb and (refusal := access.why_not(request.user, verb, row)):
        raise PermissionDenied(str(refusal))
    return row


def machine_url(row: Machine, tab: Tab = CONNECT) -> str:
    return reverse(tab.route, args=[row.pk])


@require_GET
@never_cache
def connect(request: SignedIn, pk: UUID) -> HttpResponse:
    return machine_page(request, find(request, pk))


@require_GET
@never_cache
def past(request: SignedIn, pk: UUID) -> HttpResponse:
    return machine_page(request, find(request, pk), HISTORY)


@require_GET
@never_cache
def settings(request: SignedIn, pk: UUID) -> HttpResponse:
    return machine_page(request, find(request, pk), SETTINGS)


@require_GET
@never_cache
def live(request: SignedIn, pk: UUID) -> HttpResponse:
    """Answer the part of a machine's page that changes by itself."""
    shown = show(find(request, pk), request.user)
    if shown.version == request.GET.get("seen"):
        return HttpResponse(status=204)
    context = _context(shown, machine_tabs.named(request.GET.get("tab", "")))
    context |= {"announcement": announcement(request, shown), "live": True}
    return render(request, "machines/_live.html", context)


def machine_page(
    request: SignedIn,
    row: Machine,
    tab: Tab = CONNECT,
    *,
    refusal: Refusal | None = None,
    form: PortForm | None = None,
    name_form: NameForm | None = None,
) -> HttpResponse:
    """Answer the whole page; after a refusal with its status, and its sentence where no field has it."""
    if refusal:
        if not any(each and each.errors for each in (form, name_form)):
            messages.error(request, str(refusal))
        row = Machine.objects.with_parts().get(pk=row.pk)
    context = _context(show(row, request.user), tab, form, name_form)
    if isinstance(refusal, OverQuota):
        context["ways"] = ways_for(request.user, row.owner, refusal.lacks, but=row)
    invalid = 400 if form and form.errors else 200
    return render(request, "machines/detail.html", context, status=refusal.status if refusal else invalid)


def _context(
    shown: Shown, wanted: Tab, form: PortForm | None = None, name_form: NameForm | None = None
) -> dict[str, Any]:
    """Return what a tab shows, and nothing that only another shows."""
    row = shown.machine
    tab = machine_tabs.shown_for(row, wanted)
    context: dict[str, Any] = {"s": shown, "tab": tab, "tab_links": machine_tabs.links(row)}
    context["console"] = ConsolePlace(shown)
    if tab == CONNECT:
        context["teachers"] = teachers_of(row)
    elif tab == PORTS:
        context["form"] = form or PortForm()
    elif tab == HISTORY:
        context |= {"history": history(row), "questions": latest_of(row)}
    elif tab == SETTINGS:
        context |= {"usage": usage(row.owner), "disk_image": disk_images.current(row)}
        context["name_form"] = name_form or NameForm(initial={"name": row.name})
    return context


def announcement(request: SignedIn, shown: Shown) -> str:
    """Return what a screen reader says: a new state, never a mere percentage."""
    seen = request.GET.get("seen", "").partition("-")[0]
    if seen == shown.machine.state:
        return ""
    return f"{shown.machine.name}: {shown.word}. {shown.sentence}"
