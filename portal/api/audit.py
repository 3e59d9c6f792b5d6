"""The audit log: all rows for administrators, for others what staff did with their things."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import AuditRow
from portal import access
from portal.api import filters, lists
from portal.api import serializers as s
from portal.api.paging import page
from portal.api.request_parts import person, time_of
from portal.presenters.audit_rows import AuditLine, Filters
from portal.presenters.audit_words import VERBS


class AuditObject(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="machine, template, image, size, grant, request, server, person, …")
    id = serializers.CharField(source="object_id")
    name = serializers.CharField(help_text="As it was then.")


class AuditOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="row.pk")
    at = serializers.DateTimeField(source="row.at")
    who = serializers.CharField(help_text="A username; manage.py for a command on the server.")
    verb = serializers.CharField(source="row.verb")
    whom = serializers.CharField(help_text="Whose thing it is; '' where it is nobody's.")
    object = AuditObject(source="row")
    address = serializers.CharField(help_text="'' for a command, after 90 days, and for who is no administrator.")
    detail = serializers.DictField(source="row.detail")


@extend_schema(
    parameters=[
        OpenApiParameter("who", str, description="A username, or manage.py."),
        OpenApiParameter("whom", str, description="A username."),
        OpenApiParameter("verb", str, description="One or more, with commas between."),
        OpenApiParameter("since", str, description="A time with its offset: 2027-03-01T00:00:00Z."),
        *lists.PARAMETERS,
    ],
    responses={200: AuditOut(many=True), 400: s.Problem},
)
@api_view(["GET"])
def audit(request: Request) -> Response:
    """List what staff did with other people's things. The newest first: all for administrators, for others what concerns them."""
    who = person(request)
    wanted = Filters(
        who=filters.text(request, "who"),
        whom=filters.text(request, "whom"),
        verbs=tuple(filters.words(request, "verb", VERBS)),
        since=time_of(request, "since"),
    )
    found, headers = page(request, wanted.narrow(access.visible(who, AuditRow)).select_related("who", "whom"), "-pk")
    shows_address = access.administers(who)
    return lists.answer(request, AuditOut([AuditLine(row, shows_address) for row in found], many=True).data, headers)
