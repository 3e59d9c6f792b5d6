"""Servers that no machine needs, for administrators: look, and give one to a person."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from courses.models import Template
from machines import adoption
from machines.models import Machine, Stray
from portal import access
from portal.api import filters, lists
from portal.api import serializers as s
from portal.api.idempotency import once_per_key
from portal.api.inputs import Text
from portal.api.paging import page
from portal.api.request_parts import body, person
from portal.presenters.show_machines import show
from portal.presenters.unneeded_servers import with_owners


class ServerOut(serializers.Serializer[Any]):
    id = serializers.CharField(source="stray.server_id", help_text="The cloud's id of the server.")
    name = serializers.CharField(source="stray.name")
    kind = serializers.ChoiceField(
        ["second", "lost", "other"],
        source="stray.kind",
        help_text="second: left over from a machine, goes by itself. lost: carries our mark, its machine is unknown. other: made outside Minga.",
    )
    status = serializers.CharField(
        source="stray.status", help_text="building active suspended stopped shelved error unknown"
    )
    owner = s.PersonName(
        help_text="The username that its tag names; '' when it names nobody here, or a person in whose project it is not."
    )
    project = serializers.CharField(source="stray.project", help_text="The cloud's id of its project.")
    flavor = serializers.CharField(source="stray.flavor_name")
    size = s.Size(source="stray", help_text="All 0 when the cloud did not tell.")
    host = serializers.CharField(source="stray.host")
    address = serializers.CharField(source="stray.address")
    created_at = serializers.DateTimeField(source="stray.created_at", allow_null=True)
    seen_at = serializers.DateTimeField(source="stray.seen_at", help_text="Since when no machine needs it.")


class Adopt(serializers.Serializer[Any]):
    person = Text(max_length=254, help_text="A username or an e-mail address, the whole of it.")
    template = Text(max_length=80, help_text="A template's slug.")
    name = Text(required=False, allow_blank=True, default="", help_text="'' keeps the server's.")


@extend_schema(
    parameters=[
        OpenApiParameter("search", str, description="Only those with this in their name."),
        OpenApiParameter("kind", str, description="second lost other; several with commas between."),
        *lists.PARAMETERS,
    ],
    responses={200: ServerOut(many=True), 403: s.Problem},
)
@api_view(["GET"])
def servers(request: Request) -> Response:
    """List unmanaged servers (administrators). As the last whole list of the cloud had them."""
    access.require(person(request), "see", Stray)
    rows = Stray.objects.open().filter(name__icontains=filters.text(request, "search"))
    if kinds := filters.words(request, "kind", Stray.Kind.values):
        rows = rows.filter(kind__in=kinds)
    found, headers = page(request, rows, "kind", "name", "pk")
    return lists.answer(request, ServerOut(with_owners(found), many=True).data, headers)


@extend_schema(
    operation_id="servers_adopt",
    request=Adopt,
    responses={201: s.MachineOut, 400: s.Problem, 403: s.Problem, 404: s.Problem, 409: s.Problem},
)
@api_view(["POST"])
@once_per_key
def adopt(request: Request, server_id: str) -> Response:
    """Give a server to a person: it becomes one of their machines (administrators)."""
    who = person(request)
    access.require(who, "adopt", Stray)
    stray = get_object_or_404(Stray, server_id=server_id)
    sent = body(request, Adopt)
    template = Template.objects.with_parts().filter(slug=sent["template"].replace("\0", "")).first()
    owner = adoption.find_person(sent["person"])
    made = adoption.adopt(stray=stray, owner=owner, template=template, name=sent["name"], by=who)
    row = Machine.objects.with_parts().get(pk=made.pk)
    return Response(s.MachineOut(show(row, who)).data, status=201)
