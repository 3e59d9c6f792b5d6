"""“Why can't I connect?”: the page of a check, which the live process does."""

from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from lib.whole_numbers import whole_number
from machines.models import Machine
from portal import access, live_links
from portal.live_addresses import CHECK, check_purpose
from portal.presenters import checked_port
from portal.presenters.show_machines import show
from portal.presenters.taught_machines import address_for
from portal.signed_in import SignedIn
from tunnels.agent.protocol import SSH_PORT
from tunnels.models import PORTS


def find(request: SignedIn, pk: UUID) -> Machine:
    """Return the machine; 404 for whoever has nothing to do with it, and of one that is gone."""
    row: Machine = get_object_or_404(access.in_care_of(request.user).alive().with_parts(), pk=pk)
    if refusal := access.why_not(request.user, "check", row):
        raise PermissionDenied(str(refusal))
    return row


@require_GET
@never_cache
def page(request: SignedIn, pk: UUID) -> HttpResponse:
    """Show the last check of a port, and the button for the next."""
    row = find(request, pk)
    shown = show(row, request.user)
    ports = [way for way in shown.reachable if way.tunnel.wanted != "gone"]
    port = _asked(request) or (ports[0].tunnel.target_port if ports else SSH_PORT)
    context = {
        "s": shown,
        "ports": ports,
        "port": port,
        "checked": checked_port.latest(row.pk, port),
        "rows": checked_port.empty_rows(),
        "live_check": f"{settings.LIVE_URL}{CHECK.format(machine=row.pk)}?port={port}",
        "machine_url": address_for(request.user, row, is_admin=access.administers(request.user)),
    }
    return render(request, "machines/check/page.html", context)


@require_GET
@never_cache
def run(request: SignedIn, pk: UUID) -> HttpResponse:
    """Lead a browser without scripts to the live process, which leads it back to the page when the check is done."""
    row = find(request, pk)
    port = _asked(request)
    query = {"back": "1", **({"port": str(port)} if port else {})}
    address = live_links.with_ticket(request, CHECK.format(machine=row.pk), check_purpose(row.pk), query)
    return HttpResponse(status=303, headers={"Location": address})


def _asked(request: SignedIn) -> int | None:
    """Return the port of the address; None where it names none. Raises Http404 for what is no port."""
    text = request.GET.get("port", "")
    number = whole_number(text) if text else None
    if text and number not in PORTS:
        raise Http404(text)
    return number
