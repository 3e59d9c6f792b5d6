"""Rows that a loop keeps failing with: administrators see which, why and since when, and may have one tried at once."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import RowFailure
from machines.failed_rows import try_failed_now
from machines.models import Machine
from portal.access import only
from portal.numbered_pages import page_of
from portal.signed_in import SignedIn

LABELS = {
    "step": gettext_lazy("Working on what people asked for"),
    "list": gettext_lazy("Taking over what the cloud says"),
    "strays": gettext_lazy("Unmanaged servers"),
    "needless servers": gettext_lazy("Servers that nobody needs any more"),
    "idle": gettext_lazy("Idle rules"),
    "signals": gettext_lazy("Signals of use"),
    "load": gettext_lazy("Load of the guests"),
    "mail": gettext_lazy("Mails"),
    "lines": gettext_lazy("Lines in terminals"),
    "tenants": gettext_lazy("Students' projects on the cloud"),
    "tunnels": gettext_lazy("Public ports"),
    "copies": gettext_lazy("Disks to take home"),
    "needless copies": gettext_lazy("Images that nobody needs any more"),
    "reports": gettext_lazy("Reports of the agents"),
    "catalog": gettext_lazy("The catalog"),
    "accounts": gettext_lazy("Ports of deactivated accounts"),
    "absent": gettext_lazy("Machines of deactivated accounts"),
    "months": gettext_lazy("Months: mails to donors, days for time in service"),
    "leaving": gettext_lazy("Nodes that are emptied, or dead"),
    "lapsed": gettext_lazy("Machines of people whose subscription ended"),
    "bulk": gettext_lazy("Actions for many machines"),
    "cloud users": gettext_lazy("People's Horizon accounts"),
    "subscriptions": gettext_lazy("Subscriptions"),
    "addresses": gettext_lazy("Ports of machines whose address changed"),
    "first boots": gettext_lazy("First boots of new machines"),
    "keys": gettext_lazy("Keys that are put into machines"),
    "upgrade": gettext_lazy("What the version before has written"),
}


@only("see", RowFailure)
@require_GET
@never_cache
def failures(request: SignedIn) -> HttpResponse:
    page = page_of(request, RowFailure.objects.live(timezone.now()))
    machines = _machines(page)
    rows = [(row, LABELS.get(row.loop, row.loop), machines.get(row.holder)) for row in page]
    return render(request, "failures/list.html", {"page": page, "rows": rows})


def _machines(page: Iterable[RowFailure]) -> dict[UUID | None, Machine]:
    holders = [row.holder for row in page if row.holder]
    return {machine.pk: machine for machine in Machine.objects.filter(pk__in=holders).select_related("owner")}


@only("retry", RowFailure)
@require_POST
def again(request: SignedIn, pk: int) -> HttpResponse:
    try_failed_now(failure_id=pk, by=request.user)
    messages.success(request, _("It is tried again with the next turn of its loop."))
    return redirect("failures")
