"""Put keys into machines that run and take them out: from a machine's page, and from the page of a key."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import SshKey
from lib.notes import Refusal
from lib.whole_numbers import whole_number
from machines import installed_keys, key_changes
from machines.models import KeyChange, Machine
from portal import access
from portal.once import once_per_form
from portal.presenters.key_machines import KeyMachines
from portal.signed_in import SignedIn


@require_POST
@once_per_form
def put(request: SignedIn, pk: UUID) -> HttpResponse:
    row = _machine(request, pk)
    key = get_object_or_404(access.visible(request.user, SshKey), pk=_number(request, "key"))
    try:
        return _answer(request, row, key_changes.put_in(key=key, machines=[row], by=request.user))
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect(_panel(row))


@require_POST
@once_per_form
def take(request: SignedIn, pk: UUID) -> HttpResponse:
    row = _machine(request, pk)
    there = installed_keys.present([row.pk]).select_related("machine", "key")
    installed = get_object_or_404(there, pk=_number(request, "installed"))
    return _answer(request, row, key_changes.take_out(rows=[installed], by=request.user))


@require_POST
@once_per_form
def remove_portal_key(request: SignedIn, pk: UUID) -> HttpResponse:
    row = _machine(request, pk)
    try:
        key_changes.remove_portal_key(machine=row, by=request.user)
        messages.success(
            request, _("Minga forgets its own key of this machine. If it runs, the line is taken out of it first.")
        )
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect(_panel(row))


@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def install(request: SignedIn, pk: int) -> HttpResponse:
    """Show which of a person's machines know a key, and put it into those that are chosen, or into all that run."""
    key = get_object_or_404(access.visible(request.user, SshKey), pk=pk)
    if request.method == "POST":
        rows = _chosen(request, KeyMachines(key))
        try:
            key_changes.put_in(key=key, machines=rows, by=request.user)
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return redirect("keys")
        if (
            not rows and "all" not in request.POST
        ):  # else it has got into all of them meanwhile, or none runs: the page says so
            messages.error(request, _("Choose at least one machine."))
        return redirect("key-install", key.pk)
    return render(request, "keys/install.html", {"key": key, "shown": KeyMachines(key)})


def _chosen(request: SignedIn, shown: KeyMachines) -> list[Machine]:
    if "all" in request.POST:
        return shown.open_to_it
    named = set(request.POST.getlist("machine"))
    return [line.machine for line in shown.lines if str(line.machine.pk) in named]


def _machine(request: SignedIn, pk: UUID) -> Machine:
    """Return the machine; 404 for whoever may not know of it, 403 for whoever may not change the keys in it."""
    row: Machine = get_object_or_404(access.visible(request.user, Machine).with_parts(), pk=pk)
    if refusal := access.why_not(request.user, "change_keys", row):
        raise PermissionDenied(str(refusal))
    return row


def _number(request: SignedIn, name: str) -> int:
    """Return the id that a button sent; 0, which no row has, for anything else."""
    return whole_number(request.POST.get(name, "")) or 0


def _answer(request: SignedIn, row: Machine, changes: list[KeyChange]) -> HttpResponse:
    for change in changes:
        if change.state == KeyChange.State.FAILED:
            messages.error(request, str(change.note))
    return redirect(_panel(row))


def _panel(row: Machine) -> str:
    return reverse("machine", args=[row.pk]) + "#keys"
