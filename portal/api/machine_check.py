"""“Why can't I connect?” for programs: the live process answers, at the address to which this one leads."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request

from machines.models import Machine
from portal import access, live_links
from portal.api import serializers as s
from portal.api.filters import number
from portal.api.request_parts import person
from portal.live_addresses import CHECK, check_purpose
from tunnels.models import PORTS


class HopOut(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="name, port, tunnel, agent, guest or service, in the order of the way.")
    ok = serializers.BooleanField(
        allow_null=True, help_text="null: not tried, or only a consequence of another's fault."
    )
    ms = serializers.FloatField(allow_null=True)
    note = serializers.CharField(help_text="For people, in your language.")
    last_ok_at = serializers.DateTimeField(allow_null=True)


class CheckOut(serializers.Serializer[Any]):
    hops = HopOut(many=True)
    verdict = serializers.CharField(help_text="For people: what is broken, what to do, and who can do it.")
    broken = serializers.CharField(allow_null=True, help_text="The name of the first broken hop.")


@extend_schema(
    parameters=[OpenApiParameter("port", int, description="Of the machine. Without it: that of its first service.")],
    responses={
        200: CheckOut,
        307: None,
        400: s.Problem,
        403: s.Problem,
        404: s.Problem,
        409: s.Problem,
        429: s.Problem,
    },
)
@api_view(["GET"])
def check(request: Request, pk: UUID) -> HttpResponse:
    """Show how the way to a port of a machine is, hop by hop; at most six times a minute. Follow the redirect: its address is good once."""
    who = person(request)
    row: Machine = get_object_or_404(access.in_care_of(who).alive(), pk=pk)
    access.require(who, "check", row)
    port = number(request, "port", 0, PORTS[-1])
    query = {"port": str(port)} if port else {}
    address = live_links.with_ticket(request._request, CHECK.format(machine=row.pk), check_purpose(row.pk), query)
    return HttpResponse(status=307, headers={"Location": address})
