"""Machines: list, launch, show, act on, ports, disk, history."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from courses.models import Template
from lib.whole_numbers import whole_number
from machines import actions, disk_images
from machines.models import Event, Machine
from machines.verbs import Verb
from portal import access, downloads
from portal.api import inputs, lists, machine_list
from portal.api import serializers as s
from portal.api.filters import number, words
from portal.api.idempotency import once_per_key
from portal.api.paging import page
from portal.api.request_parts import body, machine, person
from portal.dismissal import dismiss
from portal.presenters.show_machines import show, show_all
from tunnels.models import Tunnel

EVENTS = 50  # of one page, where no limit is said
# All verbs but delete, which is the method DELETE.
VERBS: dict[str, Callable[..., Machine]] = {
    **{verb: act for verb, act in actions.ACTIONS.items() if verb != Verb.DELETE},
    "see": dismiss,
}


def _one(request: Request, row: Machine, status: int = 200) -> Response:
    row = Machine.objects.with_parts().get(pk=row.pk)
    return Response(s.MachineOut(show(row, person(request))).data, status=status)


@extend_schema(
    methods=["GET"],
    description="List machines. Those that disappeared from the cluster stay in the list until you dismiss them (`see`).",
    parameters=[*machine_list.PARAMETERS, *lists.PARAMETERS],
    responses=s.MachineOut(many=True),
)
@extend_schema(
    methods=["POST"],
    description="Launch a machine.",
    request=inputs.Launch,
    responses={201: s.MachineOut, 400: s.Problem, 409: s.Problem},
)
@api_view(["GET", "POST"])
@once_per_key
def machines(request: Request) -> Response:
    """List your machines, with those that disappeared from the cluster until you dismiss them (`see`); or launch one."""
    who = person(request)
    if request.method == "POST":
        access.require(who, "launch", Machine)
        sent = body(request, inputs.Launch)
        template = _template(sent["template"])
        return _one(request, actions.launch(owner=who, template=template, name=sent["name"], by=who), 201)
    rows, headers = page(request, machine_list.filtered(request).with_parts(), "-created_at", "pk")
    shown = show_all(machine_list.in_state(request, rows), who)
    return lists.answer(request, s.MachineOut(shown, many=True).data, headers)


def _template(slug_or_id: str | int) -> Template | None:
    """Find a template by slug or by id; None is refused with a sentence by `launch`."""
    rows = Template.objects.with_parts()
    if isinstance(slug_or_id, int):
        return rows.filter(pk=slug_or_id).first()
    if not slug_or_id.isascii() or not slug_or_id.isprintable():  # no slug, and a NUL would upset the database
        return None
    by_slug = rows.filter(slug=slug_or_id).first()
    number = whole_number(slug_or_id)
    return rows.filter(pk=number).first() if by_slug is None and number is not None else by_slug


@extend_schema(methods=["GET"], description="Show a machine.", responses={200: s.MachineOut, 404: s.Problem})
@extend_schema(
    methods=["PATCH"],
    description="Rename a machine.",
    request=inputs.Rename,
    responses={200: s.MachineOut, 400: s.Problem, 404: s.Problem},
)
@extend_schema(
    methods=["DELETE"],
    description="Delete a machine for good.",
    responses={202: s.MachineOut, 404: s.Problem, 409: s.Problem},
)
@api_view(["GET", "PATCH", "DELETE"])
def one(request: Request, pk: UUID) -> Response:
    """Show a machine; rename it; delete it."""
    row = machine(request, pk)
    if request.method == "PATCH":
        access.require(person(request), "rename", row)
        return _one(request, actions.rename(machine=row, name=body(request, inputs.Rename)["name"], by=person(request)))
    if request.method == "DELETE":
        access.require(person(request), "delete", row)
        return _one(request, actions.delete(machine=row, by=person(request)), 202)
    return _one(request, row)


_SENTENCES = {
    Verb.ARCHIVE: "Archive a machine: its disk is kept as an image, its place is given back.",
    Verb.BIN: "Put a machine into the recycle bin.",
    Verb.MOVE: "Move a machine to another computer (administrators).",
    Verb.RESCUE: "Start a machine from a rescue image (administrators).",
    Verb.RESET: "Reset a machine to its template: its disk is lost.",
    Verb.RESTART: "Restart a machine.",
    Verb.RESTORE: "Bring a machine back from the archive or the recycle bin.",
    Verb.RETRY: "Try again what failed.",
    "see": "Dismiss a notice on a machine's page: of a refusal, a failed first boot, or its disappearance.",
    Verb.SHELVE: "Put a machine away: its disk is kept, its memory is not.",
    Verb.SUSPEND: "Put a machine to sleep: memory and disk are kept.",
    Verb.WAKE: "Wake a machine.",
}


def verb_view(verb: str) -> Callable[..., Any]:
    """Make the view of POST machines/{id}/{verb}/."""

    @extend_schema(
        operation_id=f"machines_{verb}",
        description=_SENTENCES[verb],
        request=None,
        responses={202: s.MachineOut, 403: s.Problem, 404: s.Problem, 409: s.Problem},
    )
    @api_view(["POST"])
    @once_per_key
    def view(request: Request, pk: UUID) -> Response:
        row = machine(request, pk, "" if verb == "see" else verb)  # `dismiss` asks for each thing that it puts away
        return _one(request, VERBS[verb](machine=row, by=person(request)), 202)

    return view


@extend_schema(
    methods=["GET"],
    description="List the public ports of a machine.",
    parameters=lists.PARAMETERS,
    responses=s.Access(many=True),
)
@extend_schema(
    methods=["POST"],
    description="Open one more port of a machine.",
    request=inputs.OpenPort,
    responses={201: s.Access, 400: s.Problem, 409: s.Problem},
)
@api_view(["GET", "POST"])
@once_per_key
def ports(request: Request, pk: UUID) -> Response:
    """List the ports of a machine; or open one more."""
    row = machine(request, pk, "open_port" if request.method == "POST" else "")
    opened = None
    if request.method == "POST":
        sent = body(request, inputs.OpenPort)
        opened = actions.open_port(
            machine=row, by=person(request), port=sent["port"], scheme=sent["scheme"], allow=tuple(sent["allow"])
        )
    ways = show(row, person(request)).ports
    if opened is not None:
        return Response(s.Access(next(way for way in ways if way.tunnel.pk == opened.pk)).data, status=201)
    rows, headers = page(request, Tunnel.objects.of(row.pk).kept(), "position", "created_at", "pk")
    listed = {tunnel.pk for tunnel in rows}
    return lists.answer(request, s.Access([w for w in ways if w.tunnel.pk in listed], many=True).data, headers)


@extend_schema(methods=["DELETE"], responses={204: None, 404: s.Problem, 409: s.Problem})
@api_view(["DELETE"])
def port(request: Request, pk: UUID, tunnel: UUID) -> Response:
    """Close a port that was opened by hand."""
    actions.close_port(machine=machine(request, pk, "close_port"), tunnel_id=tunnel, by=person(request))
    return Response(status=204)


@extend_schema(
    methods=["GET"],
    description="Show the image of a machine's disk that can be downloaded.",
    responses={200: s.CopyOut, 404: s.Problem, 409: s.Problem},
)
@extend_schema(
    methods=["POST"],
    description="Prepare a download of a machine's disk. Ask again with GET for how that ended.",
    request=None,
    responses={202: s.CopyOut, 404: s.Problem, 409: s.Problem},
)
@api_view(["GET", "POST"])
@once_per_key
def copy(request: Request, pk: UUID) -> Response:
    """Show the image of its disk that can be downloaded; or ask for one."""
    row = machine(request, pk, "copy" if request.method == "POST" else "")
    if request.method == "POST":
        return Response(s.CopyOut(disk_images.request(machine=row, by=person(request))).data, status=202)
    found = disk_images.current(row)
    if found is None:
        raise disk_images.NotReady(disk_images.ASK_FIRST)
    return Response(s.CopyOut(found).data)


@extend_schema(responses={(200, "application/octet-stream"): bytes, 404: s.Problem, 409: s.Problem, 410: s.Problem})
@api_view(["GET", "HEAD"])
def disk(request: Request, pk: UUID) -> HttpResponseBase:
    """Download the disk of a machine. Takes Range and If-Range, so a download that broke off can be taken up again."""
    found = downloads.disk_of(machine(request, pk, "download"), by=person(request))
    return downloads.serve(request._request, found)


_OF_EVENTS = [
    OpenApiParameter("before", int, description="Only events with a smaller id."),
    OpenApiParameter("kind", str, description="wished moved noted; several with commas between."),
    *lists.PARAMETERS,
]


@extend_schema(parameters=_OF_EVENTS, responses=s.EventOut(many=True))
@api_view(["GET"])
def machine_events(request: Request, pk: UUID) -> Response:
    """List the history of a machine. The newest first."""
    return _events(request, Event.objects.filter(machine=machine(request, pk)))


@extend_schema(parameters=_OF_EVENTS, responses=s.EventOut(many=True))
@api_view(["GET"])
def events(request: Request) -> Response:
    """List the history of all your machines. The newest first."""
    return _events(request, Event.objects.filter(machine__owner=person(request)))


def _events(request: Request, rows: Any) -> Response:
    if before := number(request, "before", 0, 2**62):
        rows = rows.filter(pk__lt=before)
    if kinds := words(request, "kind", Event.Kind.values):
        rows = rows.filter(kind__in=kinds)
    found, headers = page(request, rows.select_related("by"), "-pk", size=EVENTS)
    return lists.answer(request, s.EventOut(found, many=True).data, headers)
