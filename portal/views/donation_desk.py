"""An offer, for administrators: who gave what, and steps for all of its computers at once."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Subscription
from lib.notes import Refusal
from nodes import actions
from nodes.models import Computer, Donation, StateChange
from nodes.printing.receipts import received
from nodes.states import State
from portal import access
from portal.access import only
from portal.forms.desk_steps import TOGETHER, SentTogether, named_computers, sent_together, steps_together
from portal.once import once_per_form
from portal.presenters import desk_computers
from portal.presenters.shown_photos import shown
from portal.presenters.subscription_card import subscriptions_of
from portal.signed_in import SignedIn


@only("see", Computer)
@require_GET
def donations(request: SignedIn) -> HttpResponse:
    """Lead to the list of computers: offers have no list of their own."""
    return redirect("desk")


@only("step", Donation)
@require_http_methods(["GET", "POST"])
@never_cache
@once_per_form
def donation(request: SignedIn, pk: int) -> HttpResponse:
    """Show an offer, and take the computers that the page named a step further."""
    row = get_object_or_404(access.visible(request.user, Donation).select_related("donor__user"), pk=pk)
    if request.method == "GET":
        return _page(request, row)
    name = request.POST.get("step", "")
    if name not in TOGETHER:
        return _page(request, row, refusal=_("There is no such step."), status=400)
    failed = sent_together(name, row, request.POST)
    form = failed.form
    if not form.is_valid() or failed.fault:
        return _page(request, row, failed, status=400)
    try:
        from_state = request.POST.get("from_state", "")
        actions.step(
            computers=named_computers(request.POST, row),
            name=name,
            by=request.user,
            from_state=from_state,
            **form.facts,
        )
    except actions.BadInput as refusal:
        form.add_error(refusal.field, str(refusal))
        return _page(request, row, failed, status=refusal.status)
    except Refusal as refusal:
        return _page(request, row, refusal=str(refusal), status=refusal.status)
    return redirect("donation", pk)


def _page(
    request: SignedIn,
    row: Donation,
    failed: SentTogether | None = None,
    *,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    computers = list(row.computers.order_by("pk"))
    changes = StateChange.objects.filter(computer__donation=row).select_related("by").order_by("-pk")[:1]
    steps = steps_together(computers, failed)
    decline = steps.pop("decline", None)
    context = {
        "donation": row,
        "donor": row.donor,
        "rows": [desk_computers.DeskRow(computer) for computer in computers],
        "main": next(iter(steps.values()), None),
        "others": [*steps.values()][1:] + ([decline] if decline else []),
        "is_labelled": any(computer.state not in (State.OFFERED, State.DECLINED) for computer in computers),
        "is_received": bool(received(row)),
        "undo": desk_computers.undo_bar(list(changes), request.user),
        "photos": shown(row.photos.select_related("computer")),
        **subscriptions_of(access.visible(request.user, Subscription).filter(entitlement__computer__donation=row)),
        "refusal": refusal,
    }
    return render(request, "desk/donation.html", context, status=status)
