"""Machines made from a teacher's templates: listed, watched, woken, kept awake. Nothing else: no way in, no disk, no keys."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from courses.models import Template
from machines import actions
from machines.idle import answers
from machines.models import Machine
from machines.verbs import Verb
from portal import access
from portal.api import filters, lists, machine_list
from portal.api import serializers as s
from portal.api.idempotency import once_per_key
from portal.api.inputs import Text
from portal.api.paging import page
from portal.api.request_parts import body, person
from portal.presenters.taught_machines import found

LONGEST = timedelta(days=7)  # for which a machine may be kept awake at once


class TaughtMachineOut(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="pk")
    name = serializers.CharField()
    owner = s.PersonName()
    owner_name = serializers.CharField(source="owner.get_full_name", help_text="'' where no name is known.")
    template = serializers.SlugField(source="template.slug")
    state = serializers.CharField(source="state_on_the_way", help_text="As machines/ tells it.")
    state_since = serializers.DateTimeField()
    created_at = serializers.DateTimeField()


class KeepAwakeIn(serializers.Serializer[Any]):
    until = serializers.DateTimeField(help_text="At most 7 days from now. The limits of students do not count.")
    reason = Text(required=False, allow_blank=True, default="", max_length=200, help_text="Its owner reads it.")


@extend_schema(
    parameters=[
        OpenApiParameter("template", str, description="The slug of a template."),
        OpenApiParameter("state", str, description="One state or more with commas between, as `state` tells them."),
        OpenApiParameter("search", str, description="Parts of the machine's name or of its owner's."),
        *lists.PARAMETERS,
    ],
    responses={200: TaughtMachineOut(many=True), 403: s.Problem},
)
@api_view(["GET"])
def machines(request: Request) -> Response:
    """List the machines made from your templates and for your courses (teachers, and whoever teaches a course). Administrators see all."""
    who = person(request)
    access.require(who, "teach", Template)
    rows = found(who, text=filters.text(request, "search"), template=filters.text(request, "template"))
    rows = rows.filter(machine_list.may_be_in(machine_list.states(request)))
    listed, headers = page(request, rows, "-created_at", "pk")
    return lists.answer(request, TaughtMachineOut(machine_list.in_state(request, listed), many=True).data, headers)


def _find(request: Request, pk: UUID, verb: str) -> Machine:
    who = person(request)
    row: Machine = get_object_or_404(access.in_care_of(who).with_parts(), pk=pk)
    access.require(who, verb, row)
    return row


@extend_schema(responses={200: TaughtMachineOut, 404: s.Problem})
@api_view(["GET"])
def machine(request: Request, pk: UUID) -> Response:
    """Show a machine that you watch."""
    return Response(TaughtMachineOut(_find(request, pk, "watch")).data)


@extend_schema(request=None, responses={202: TaughtMachineOut, 404: s.Problem, 409: s.Problem})
@api_view(["POST"])
@once_per_key
def wake(request: Request, pk: UUID) -> Response:
    """Wake a machine that you watch. Its owner reads in the history who did."""
    row = actions.wake(machine=_find(request, pk, Verb.WAKE), by=person(request))
    return Response(TaughtMachineOut(row).data, status=202)


@extend_schema(request=KeepAwakeIn, responses={200: TaughtMachineOut, **dict.fromkeys((400, 403, 404, 409), s.Problem)})
@api_view(["POST"])
@once_per_key
def keep(request: Request, pk: UUID) -> Response:
    """Keep a machine awake until a time, asked or not."""
    row, sent, now = _find(request, pk, "keep_awake"), body(request, KeepAwakeIn), timezone.now()
    if not now < sent["until"] <= now + LONGEST:
        raise answers.NotNow(_("Say a time within the next %(days)s days."), {"days": LONGEST.days})
    answers.give(machine=row, until=sent["until"], by=person(request), now=now, reason=sent["reason"])
    return Response(TaughtMachineOut(row).data)
