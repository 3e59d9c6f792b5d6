"""Keys in machines that run: put one of your keys in, and the portal's own key."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import SshKey
from lib.notes import Refusal
from machines import key_changes, portal_keys
from machines.models import Machine
from portal import access
from portal.api import inputs, lists
from portal.api import serializers as s
from portal.api.idempotency import once_per_key
from portal.api.paging import page
from portal.api.request_parts import body, machine, person
from portal.presenters.key_machines import KeyMachines, machines_of


class UnknownMachine(Refusal):
    status = 400
    code = "unknown_machine"


@extend_schema(
    methods=["GET"],
    description="List your machines with the state of a key in each.",
    parameters=lists.PARAMETERS,
    responses={200: s.KeyInMachineOut(many=True), 404: s.Problem},
)
@extend_schema(
    methods=["POST"],
    description="Put a key into some of your machines. Ask again with GET for how that ended.",
    request=inputs.InstallKey,
    responses={202: s.KeyInMachineOut(many=True), 400: s.Problem, 403: s.Problem, 404: s.Problem},
)
@api_view(["GET", "POST"])
@once_per_key
def install(request: Request, pk: int) -> Response:
    """List your machines with the state of this key in each; or have it put into some of them. Ask again with GET for how that ended."""
    who = person(request)
    key = get_object_or_404(access.visible(who, SshKey), pk=pk)
    if request.method == "GET":
        rows, headers = page(request, machines_of(key), "name", "pk")
        return lists.answer(request, s.KeyInMachineOut(KeyMachines(key, rows).lines, many=True).data, headers)
    machines = _machines(request, body(request, inputs.InstallKey)["machines"])
    key_changes.put_in(key=key, machines=machines, by=who)
    return Response(s.KeyInMachineOut(KeyMachines(key, machines).lines, many=True).data, status=202)


def _machines(request: Request, wanted: list[Any]) -> list[Machine]:
    """Return the machines of these ids. Raises UnknownMachine, and Forbidden for one whose keys this person may not change."""
    rows = access.visible(person(request), Machine).alive().not_in_bin().exclude(server_id="").filter(pk__in=wanted)
    found = list(rows.with_parts())
    if len(found) < len(set(wanted)):
        raise UnknownMachine(
            _("One of these machines does not exist, has no disk yet, or is not yours. Nothing was asked for.")
        )
    for row in found:
        access.require(person(request), "change_keys", row)
    return found


@extend_schema(
    methods=["GET"],
    description="Show the public half of the portal's own key in a machine.",
    responses={200: s.PortalKeyOut, 404: s.Problem},
)
@extend_schema(
    methods=["DELETE"],
    description="Remove the portal's own key from a machine. The machine forgets it, too, if it runs.",
    responses={204: None, 403: s.Problem, 404: s.Problem, 409: s.Problem},
)
@api_view(["GET", "DELETE"])
def portal_key(request: Request, pk: Any) -> Response:
    """Show the public half of the portal's own key in a machine; or have it removed, also from the machine if that runs."""
    row = machine(request, pk, "change_keys" if request.method == "DELETE" else "")
    if request.method == "DELETE":
        key_changes.remove_portal_key(machine=row, by=person(request))
        return Response(status=204)
    found = portal_keys.of(row)
    return Response(s.PortalKeyOut({"state": _state(found), "public_key": found.public_key if found else ""}).data)


def _state(row: Any) -> str:
    if row is None:
        return "unknown"
    if not row.public_key:
        return "removed" if row.removed_at else "none"
    if row.removed_at:
        return "leaving"
    return "in_it" if row.put_in_at else "offered"
