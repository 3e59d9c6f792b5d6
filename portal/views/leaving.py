"""An owner's machine leaves its node before that is maintained, when the owner chooses."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from lib.notes import Refusal
from machines import emptied_nodes
from portal.once import once_per_form
from portal.presenters.machine_tabs import CONNECT
from portal.signed_in import SignedIn
from portal.views.machine_page import find, machine_page


@require_POST
@once_per_form
def move_now(request: SignedIn, pk: UUID) -> HttpResponse:
    """Move a machine to another node now. The right to restart it is enough."""
    machine = find(request, pk, "restart")
    try:
        emptied_nodes.move_now(machine=machine, by=request.user)
    except Refusal as refusal:
        return machine_page(request, machine, CONNECT, refusal=refusal)
    return redirect("machine", pk)
