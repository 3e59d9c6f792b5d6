"""Kept moments of a machine: list, keep, delete, go back."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from machines import moments
from machines.models import Machine
from portal.api import inputs, lists
from portal.api import serializers as s
from portal.api.idempotency import once_per_key
from portal.api.paging import page
from portal.api.request_parts import body, machine, person
from portal.presenters.show_machines import show


class SnapshotOut(serializers.Serializer[Any]):
    number = serializers.IntegerField(help_text="Of this machine; never used twice.")
    name = serializers.CharField(source="title")
    state = serializers.CharField(help_text="due: it is being kept; ready; failed: the note says why.")
    note = serializers.CharField(help_text="What went wrong, in words.")
    size_bytes = serializers.IntegerField(help_text="0 while it is being kept.")
    asked_at = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(allow_null=True)


@extend_schema(
    methods=["GET"],
    description="List the kept moments of a machine.",
    parameters=lists.PARAMETERS,
    responses={200: SnapshotOut(many=True), 404: s.Problem},
)
@extend_schema(
    methods=["POST"],
    description="Keep this moment of a machine. A copy of its disk as it is now, which counts as an archive.",
    request=inputs.KeepMoment,
    responses={202: SnapshotOut, 400: s.Problem, 403: s.Problem, 404: s.Problem, 409: s.Problem},
)
@api_view(["GET", "POST"])
@once_per_key
def snapshots(request: Request, pk: UUID) -> Response:
    """List the kept moments of a machine; or keep this moment: a copy of its disk as it is now, which counts as an archive."""
    row = machine(request, pk, "moments")
    if request.method == "POST":
        name = body(request, inputs.KeepMoment)["name"]
        return Response(SnapshotOut(moments.keep(machine=row, name=name, by=person(request))).data, status=202)
    rows, headers = page(request, row.copies.moments().order_by(), "number", "pk")
    return lists.answer(request, SnapshotOut(rows, many=True).data, headers)


@extend_schema(methods=["DELETE"], responses={204: None, 404: s.Problem, 409: s.Problem})
@api_view(["DELETE"])
def snapshot(request: Request, pk: UUID, number: int) -> Response:
    """Delete a kept moment. Refused while the machine is going back to it."""
    moments.delete(machine=machine(request, pk, "moments"), number=number, by=person(request))
    return Response(status=204)


@extend_schema(request=None, responses={202: s.MachineOut, 403: s.Problem, 404: s.Problem, 409: s.Problem})
@api_view(["POST"])
@once_per_key
def restore(request: Request, pk: UUID, number: int) -> Response:
    """Go back to a kept moment. What was changed since then is lost; name, ports and address stay."""
    row = moments.restore(machine=machine(request, pk, "moments"), number=number, by=person(request))
    row = Machine.objects.with_parts().get(pk=row.pk)
    return Response(s.MachineOut(show(row, person(request))).data, status=202)
