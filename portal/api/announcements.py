"""Announcements: read by their audience, written by administrators."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.announcements import writing
from accounts.models import Announcement
from portal import access
from portal.api import lists
from portal.api import serializers as s
from portal.api.idempotency import once_per_key
from portal.api.inputs import Text
from portal.api.paging import page
from portal.api.request_parts import body, person

AUDIENCES = Announcement.Audience.values


class AnnouncementIn(serializers.Serializer[Any]):
    text_en = Text(required=False, allow_blank=True, default="", help_text="Plain text; one of the two is enough.")
    text_es = Text(required=False, allow_blank=True, default="")
    audience = serializers.ChoiceField(
        AUDIENCES, required=False, default="everyone", help_text="teachers: by role, or as a teacher of a course."
    )
    starts_at = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="null: now.")
    ends_at = serializers.DateTimeField()
    pauses_launches = serializers.BooleanField(
        required=False, default=False, help_text="Maintenance: nobody but administrators launches while it runs."
    )


class AnnouncementChange(serializers.Serializer[Any]):
    text_en = Text(required=False, allow_blank=True)
    text_es = Text(required=False, allow_blank=True)
    audience = serializers.ChoiceField(AUDIENCES, required=False)
    starts_at = serializers.DateTimeField(required=False)
    ends_at = serializers.DateTimeField(required=False)
    pauses_launches = serializers.BooleanField(required=False)


class AnnouncementOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    text_en = serializers.CharField(help_text="'' where it is written in Spanish only.")
    text_es = serializers.CharField()
    audience = serializers.ChoiceField(AUDIENCES)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    pauses_launches = serializers.BooleanField()


@extend_schema(
    methods=["GET"],
    description="List announcements. Administrators see all; others what is announced to them now.",
    parameters=lists.PARAMETERS,
    responses={200: AnnouncementOut(many=True)},
)
@extend_schema(
    methods=["POST"],
    description="Announce something (administrators).",
    request=AnnouncementIn,
    responses={201: AnnouncementOut, **dict.fromkeys((400, 403), s.Problem)},
)
@api_view(["GET", "POST"])
@once_per_key
def announcements(request: Request) -> Response:
    """List what is announced to you now; for administrators all, also what is over and to come. Or announce something."""
    who = person(request)
    if request.method == "POST":
        access.require(who, "change", Announcement)
        row = writing.announce(by=who, **body(request, AnnouncementIn))
        return Response(AnnouncementOut(row).data, status=201)
    found, headers = page(request, access.visible(who, Announcement), "-starts_at", "-pk")
    return lists.answer(request, AnnouncementOut(found, many=True).data, headers)


@extend_schema(
    methods=["PATCH"],
    description="Change an announcement that is not over (administrators).",
    request=AnnouncementChange,
    responses={200: AnnouncementOut, **dict.fromkeys((400, 403, 404, 409), s.Problem)},
)
@extend_schema(
    methods=["DELETE"],
    description="Remove an announcement (administrators).",
    responses={204: None, 403: s.Problem, 404: s.Problem},
)
@api_view(["PATCH", "DELETE"])
def one(request: Request, pk: int) -> Response:
    """Change an announcement that is not over; or remove it."""
    who = person(request)
    access.require(who, "change", Announcement)
    row = get_object_or_404(access.visible(who, Announcement), pk=pk)
    if request.method == "DELETE":
        writing.remove(announcement=row, by=who)
        return Response(status=204)
    row = writing.change(announcement=row, by=who, **body(request, AnnouncementChange, partial=True))
    return Response(AnnouncementOut(row).data)
