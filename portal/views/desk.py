"""The desk, for administrators: the given computers, one of them, its steps, their undoing, and its facts."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Subscription
from lib.notes import Refusal
from nodes import actions, states
from nodes.computer_numbers import MISFIT
from nodes.models import Computer, Donation, StateChange
from nodes.states import State
from portal import access
from portal.access import only
from portal.forms.desk_forms import DeskForm, FactsForm, StepForm, step_form
from portal.forms.desk_steps import steps_of
from portal.numbered_pages import page_of
from portal.once import once_per_form
from portal.photos_with_step import faults_of, with_photos
from portal.presenters import desk_computers, measured_computer, wiped_disks
from portal.presenters.shown_photos import shown
from portal.presenters.state_tones import tone_of
from portal.presenters.subscription_card import subscriptions_of
from portal.signed_in import SignedIn

MOST_OTHERS = 10  # of the same donor that a page shows


@only("see", Computer)
@require_GET
@never_cache
def desk(request: SignedIn) -> HttpResponse:
    """List the computers that search and filter leave; the number of one leads straight to it."""
    computers = access.visible(request.user, Computer)
    counts = desk_computers.counts_of(computers)
    form = DeskForm(request.GET, counts=counts)
    if not form.is_valid():
        context = {
            "form": form,
            "chips": desk_computers.chips(counts, {"q": ""}),
            "is_narrowed": form.errors.get("state"),
        }
        return render(request, "desk/list.html", context, status=400)
    if form.found:
        return redirect("donation" if isinstance(form.found, Donation) else "desk-computer", form.found.pk)
    given = {name: value for name, value in form.cleaned_data.items() if value}
    page = page_of(request, desk_computers.found(computers, form.cleaned_data["q"], form.cleaned_data["state"]))
    context = {
        "form": form,
        "page": page,
        "rows": [desk_computers.DeskRow(row) for row in page],
        "chips": desk_computers.chips(counts, given),
        "is_filtered": given,
        "is_narrowed": "state" in given,
        "is_empty": not counts,
    }
    return render(request, "desk/list.html", context)


@only("change", Computer)
@require_http_methods(["GET", "POST"])
@never_cache
@with_photos
@once_per_form
def computer(request: SignedIn, pk: int) -> HttpResponse:
    """Show a computer with its next step, and take a step."""
    row = _computer(request, pk)
    if request.method == "GET":
        return _computer_page(request, row)
    name = request.POST.get("step", "")
    if name not in states.STEPS:
        return _computer_page(request, row, refusal=_("There is no such step."), status=400)
    from_state = request.POST.get("from_state", "")
    # An old page is told that it is old, before anything that the state of now asks.
    form = step_form(name, row.state, request.POST, rows=[row] if from_state == row.state else ())
    if not form.is_valid():
        return _computer_page(request, row, (name, form), status=400)
    try:
        actions.step(computers=[row], name=name, by=request.user, from_state=from_state, **form.facts)
    except actions.BadInput as refusal:
        form.add_error(refusal.field, str(refusal))
        return _computer_page(request, row, (name, form), status=refusal.status)
    except Refusal as refusal:
        row = _computer(request, pk)
        return _computer_page(request, row, refusal=str(refusal), status=refusal.status)
    return redirect("desk-computer", pk)


def _computer(request: SignedIn, pk: int) -> Computer:
    rows = access.visible(request.user, Computer).select_related("donation__donor__user", "used_for")
    found: Computer = get_object_or_404(rows, pk=pk)
    return found


def computer_page(request: SignedIn, pk: int, status: int = 200, refusal: str = "") -> HttpResponse:
    return _computer_page(request, _computer(request, pk), status=status, refusal=refusal)


def _computer_page(
    request: SignedIn,
    row: Computer,
    failed: tuple[str, StepForm] | None = None,
    *,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    changes = desk_computers.changes_of(row)
    context = {
        "computer": row,
        "donor": row.donation.donor,
        "tone": tone_of(row.state),
        "facts": desk_computers.facts_of(row),
        "doubt": desk_computers.doubt_about(row),
        **_steps(row, changes, failed),
        **wiped_disks.of_computer(row),
        **measured_computer.of_computer(row),
        "undo": desk_computers.undo_bar(changes, request.user),
        "history": desk_computers.history(changes, desk_computers.withdrawn_codes(row)),
        "parts_of": row.parts_of.all(),
        "tie": row.ties.filter(until=None).select_related("node").first(),
        **_photos_of(row),
        **_subscriptions_of(request, row),
        "photo_faults": faults_of(request),
        **_others_of(request, row),
        **_labels_of(row),
        "refusal": refusal,
    }
    return render(request, "desk/computer.html", context, status=status)


def _steps(row: Computer, changes: list[StateChange], failed: tuple[str, StepForm] | None) -> dict[str, Any]:
    """Return the forms of the steps, the next one by itself; one that was refused is open."""
    following, others = steps_of(row, changes[0].from_state if changes else "", failed)
    is_open = failed and (not following or following.name != failed[0])
    return {"following": following, "others": others, "is_others_open": is_open, "failed": failed and failed[0]}


def _subscriptions_of(request: SignedIn, row: Computer) -> dict[str, Any]:
    return subscriptions_of(access.visible(request.user, Subscription).filter(entitlement__computer=row))


def _photos_of(row: Computer) -> dict[str, Any]:
    """Return the photos of a computer, and those of its offer that nobody has assigned yet."""
    of_offer = shown(row.donation.photos.filter(computer=None))
    return {"photos": shown(row.photos.select_related("computer")), "photos_of_offer": of_offer}


def _labels_of(row: Computer) -> dict[str, Any]:
    """Say whether labels are printed for it, and what a mistyped number reads."""
    never = (State.OFFERED, State.DECLINED, State.RECYCLED)
    return {"is_labelled": row.state not in never, "misfit": _(MISFIT)}


def _others_of(request: SignedIn, row: Computer) -> dict[str, Any]:
    """Return the donor's other computers, the newest first, and whether there are more than a page shows."""
    rows = access.visible(request.user, Computer).filter(donation__donor=row.donation.donor_id).exclude(pk=row.pk)
    shown = [desk_computers.DeskRow(each) for each in rows.order_by("-pk")[: MOST_OTHERS + 1]]
    return {"theirs": shown[:MOST_OTHERS], "are_more": len(shown) > MOST_OTHERS}


@only("change", Computer)
@require_POST
@never_cache
@once_per_form
def undo(request: SignedIn, pk: int) -> HttpResponse:
    """Take the last step of a computer back."""
    row = get_object_or_404(access.visible(request.user, Computer), pk=pk)
    _undo(request, StateChange.objects.filter(computer=row).first())
    return redirect("desk-computer", pk)


@only("step", Donation)
@require_POST
@never_cache
@once_per_form
def undo_of_donation(request: SignedIn, pk: int) -> HttpResponse:
    """Take the last step of computers of a donation back."""
    donation = get_object_or_404(access.visible(request.user, Donation), pk=pk)
    _undo(request, StateChange.objects.filter(computer__donation=donation).first())
    return redirect("donation", pk)


def _undo(request: SignedIn, last: StateChange | None) -> None:
    """Undo the step that the page showed, which must be the last one, and say so."""
    try:
        batch = UUID(request.POST.get("batch", ""))
        if last is None or last.batch != batch:
            raise actions.NotUndoable(_("Something happened to it since, so this step cannot be taken back."))
        actions.undo(batch=batch, by=request.user)
    except ValueError:
        messages.error(request, _("There is no such step to take back."))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Taken back. The donor gets no mail about it."))


@only("change", Computer)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def facts(request: SignedIn, pk: int) -> HttpResponse:
    """Correct the facts about a computer."""
    row = get_object_or_404(access.visible(request.user, Computer), pk=pk)
    known = {name: getattr(row, name) for name in FactsForm.base_fields}
    form = FactsForm(request.POST) if request.method == "POST" else FactsForm(initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            actions.correct(computer=row, by=request.user, **form.cleaned_data)
        except actions.BadInput as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("desk-computer", pk)
    return render(request, "desk/facts.html", {"form": form, "computer": row}, status=400 if form.errors else 200)
