"""Import a list of given computers: read it, show what each line does, write it down. And the list of computers as CSV."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lib import csv_lists
from lib.notes import Refusal
from lib.spreadsheets import BOM
from nodes.inventory import inventory_csv, inventory_import
from nodes.inventory.inventory_csv import Inventory
from nodes.inventory.inventory_import import Plan, Planned, Status
from nodes.models import Computer
from portal import access
from portal.access import only
from portal.forms.desk_forms import DeskForm
from portal.forms.inventory_form import InventoryForm
from portal.lasting_rights import while_allowed
from portal.once import once_per_form
from portal.presenters import desk_computers, inventory_lists
from portal.signed_in import SignedIn
from portal.streamed_parts import streamed

MOST_SHOWN = 400  # lines of a preview
_ORDER = {Status.BAD: 0, Status.DECLINED: 1, Status.NEW: 2, Status.KNOWN: 3}


@only("change", Computer)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def bring_in(request: SignedIn) -> HttpResponse:
    """Take a list, show its preview; with `write`, write down what the preview showed."""
    if request.method == "GET":
        return render(request, "desk/import.html", {"form": InventoryForm()})
    return _read(request, _carry_out if "write" in request.POST else _preview)


@only("change", Computer)
@require_POST
@never_cache
def left_out(request: SignedIn) -> HttpResponse:
    """Send the lines of a list that an import would leave out, with the reasons, as CSV."""
    return _read(request, _send_left_out)


@only("see", Computer)
@require_GET
@never_cache
def example(_request: SignedIn) -> HttpResponse:
    """Send a list to fill in."""
    return _csv(inventory_lists.example(), _("computers-example"))


@only("see", Computer)
@require_GET
@never_cache
def export(request: SignedIn) -> HttpResponse:
    """Send the computers that search and filter leave as CSV, some at a time. An import reads it again."""
    computers = access.visible(request.user, Computer)
    form = DeskForm(request.GET, counts={})
    if not form.is_valid() or form.found:
        return redirect("desk")
    rows = desk_computers.found(computers, form.cleaned_data["q"], form.cleaned_data["state"])
    headers = {
        "Content-Disposition": f'attachment; filename="minga-{_("computers")}-{timezone.localdate()}.csv"',
        "Cache-Control": "private, no-store",
        "Content-Encoding": "identity",  # or each part were packed by itself, and browsers read the first alone
    }
    parts = while_allowed(inventory_lists.batches(rows), request.user, lambda who: access.may(who, "see", Computer))
    answer = StreamingHttpResponse(streamed(parts, BOM), headers=headers, content_type="text/csv; charset=utf-8")
    return cast("HttpResponse", answer)


def _read(request: SignedIn, answer: Callable[[SignedIn, InventoryForm, Inventory], HttpResponse]) -> HttpResponse:
    """Answer to the list that was sent; where it cannot be read, with the form, and the reason at its field."""
    form = InventoryForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "desk/import.html", {"form": form}, status=400)
    try:
        return answer(request, form, inventory_csv.read(_content(form)))
    except Refusal as refusal:
        form.add_error("file" if form.cleaned_data["file"] else "csv", str(refusal))
        return render(request, "desk/import.html", {"form": form}, status=refusal.status)


def _content(form: InventoryForm) -> bytes | str:
    file, pasted = form.cleaned_data["file"], form.cleaned_data["csv"]
    if not file:
        return str(pasted)
    file.seek(0)
    return bytes(file.read(csv_lists.MOST_BYTES + 1))


def _preview(request: SignedIn, form: InventoryForm, found: Inventory) -> HttpResponse:
    plan = inventory_import.plan(found.lines, form.choices)
    context = {
        "form": form,
        "plan": plan,
        "counts": plan.counts,
        "written": len(plan.written),
        "lines": (lines := _first(plan)),
        "hidden": len(plan.lines) - len(lines),
        "notices": found.notices,
        "text": csv_lists.decoded(_content(form))[0],
        "kept": [(name, form.data.get(name, "")) for name in ("state", "email", "name", "take_all", "tell")],
        "state": dict(form.fields["state"].choices)[form.choices.state],  # type: ignore[attr-defined]
    }
    return render(request, "desk/import_preview.html", context)


def _first(plan: Plan) -> list[Planned]:
    """Return the lines that are shown, in the order of the list; where not all are, first those with a fault."""
    shown = sorted(plan.lines, key=lambda planned: _ORDER[planned.status])[:MOST_SHOWN]
    return sorted(shown, key=lambda planned: planned.line.number)


def _send_left_out(_request: SignedIn, form: InventoryForm, found: Inventory) -> HttpResponse:
    return _csv(inventory_lists.left_out(inventory_import.plan(found.lines, form.choices), found.titles), _("left-out"))


def _csv(text: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return HttpResponse(text, headers=headers, content_type="text/csv; charset=utf-8")


def _carry_out(request: SignedIn, form: InventoryForm, found: Inventory) -> HttpResponse:
    done = inventory_import.carry_out(found.lines, form.choices, by=request.user)
    if count := len(done.written):
        text = ngettext("%(count)s computer is written down.", "%(count)s computers are written down.", count)
        messages.success(request, text % {"count": count})
    else:
        messages.info(request, _("No computer in this list is new, so nothing was changed."))
    return redirect("desk")
