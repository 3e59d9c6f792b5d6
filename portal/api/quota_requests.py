"""Requests for more: ask, see the outcome, and decide."""

from typing import Any

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from lib.measures import MEASURES, MOST_TYPED, Size
from lib.notes import Note
from portal import access
from portal.api import filters, lists
from portal.api import serializers as s
from portal.api.idempotency import once_per_key
from portal.api.inputs import Text, Whole
from portal.api.paging import page
from portal.api.request_parts import body, person
from portal.deciders import Purpose, amounts_of, can_be_asked_for, deciders, most_of, title_of
from portal.presenters.quota_requests import shown_requests
from quotas import requests_for_more
from quotas.models import QuotaRequest
from quotas.requests_for_more import BadRequestForMore

STATES = QuotaRequest.State.values


class Amounts(serializers.Serializer[Any]):
    """RAM in MiB, disks and archives in GiB."""

    machines = Whole(min_value=0, max_value=MOST_TYPED, required=False)
    vcpus = Whole(min_value=0, max_value=MOST_TYPED, required=False)
    ram_mb = Whole(min_value=0, max_value=MOST_TYPED, required=False)
    disk_gb = Whole(min_value=0, max_value=MOST_TYPED, required=False)
    ports = Whole(min_value=0, max_value=MOST_TYPED, required=False)
    archives = Whole(min_value=0, max_value=MOST_TYPED, required=False)
    archive_gb = Whole(min_value=0, max_value=MOST_TYPED, required=False)


class QuotaRequestIn(serializers.Serializer[Any]):
    template = Text(max_length=80, help_text="A template's slug.")
    amounts = Amounts(required=False, help_text="How much more; left out: what one machine of the template takes.")
    reason = Text(max_length=500)


class DecisionIn(serializers.Serializer[Any]):
    state = serializers.ChoiceField(["approved", "refused"])
    note = Text(required=False, allow_blank=True, default="", max_length=500, help_text="A refusal needs one.")
    ends_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="null: no end, for administrators only."
    )


class QuotaRequestOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="row.pk")
    who = s.PersonName(source="row.user")
    template = serializers.CharField(source="slug", help_text="The slug; '' when it is gone.")
    amounts = serializers.DictField(child=serializers.IntegerField())
    reason = serializers.CharField(source="row.reason")
    state = serializers.ChoiceField(STATES, source="row.state")
    note = serializers.CharField(source="row.note", help_text="Of whoever decided it.")
    created_at = serializers.DateTimeField(source="row.created_at")
    decided_by = s.PersonName(source="row.decided_by", help_text="'' while it is open.")
    decided_at = serializers.DateTimeField(source="row.decided_at", allow_null=True)
    ends_at = serializers.DateTimeField(
        source="row.grant.ends_at",
        default=None,
        allow_null=True,
        help_text="When what was given ends; null: it does not.",
    )


def _out(rows: Any) -> Any:
    return QuotaRequestOut(shown_requests(rows), many=True).data


@extend_schema(
    methods=["GET"],
    description="List requests for more quota. The newest first: your own, and those that you may decide.",
    parameters=[
        OpenApiParameter("state", str, description="open approved refused; several with commas between."),
        OpenApiParameter("to_decide", bool, description="true: only those that you may decide."),
        *lists.PARAMETERS,
    ],
    responses={200: QuotaRequestOut(many=True)},
)
@extend_schema(
    methods=["POST"],
    description="Ask for more quota.",
    request=QuotaRequestIn,
    responses={201: QuotaRequestOut, **dict.fromkeys((400, 409, 429), s.Problem)},
)
@api_view(["GET", "POST"])
@once_per_key
def requests(request: Request) -> Response:
    """List requests for more quota, the newest first: your own, and those that you may decide; or ask for more."""
    who = person(request)
    if request.method == "POST":
        return _ask(request)
    rows = access.visible(who, QuotaRequest)
    if filters.words(request, "to_decide", ("true", "false")) == ["true"]:
        rows = access.to_decide(who) if access.may(who, "decide", QuotaRequest) else rows.none()
    if states := filters.words(request, "state", STATES):
        rows = rows.filter(Q(state__in=states))
    found, headers = page(request, rows.select_related("user", "decided_by", "grant"), "-created_at", "-pk")
    return lists.answer(request, _out(found), headers)


def _ask(request: Request) -> Response:
    who, sent = person(request), body(request, QuotaRequestIn)
    template = can_be_asked_for(who).filter(slug=sent["template"].replace("\0", "")).first()
    if template is None:
        raise BadRequestForMore(Note(_("Choose a template from the list.")), field="template")
    amounts = sent.get("amounts")
    size = (
        amounts_of(template, Purpose.MACHINE) if amounts is None else Size(**{m: amounts.get(m, 0) for m in MEASURES})
    )
    row = requests_for_more.ask(
        user=who,
        subject=template.pk,
        title=title_of(template),
        size=size,
        reason=sent["reason"],
        tell=deciders(template, who),
    )
    return Response(_out([row])[0], status=201)


@extend_schema(
    methods=["GET"], description="Show a request for more quota.", responses={200: QuotaRequestOut, 404: s.Problem}
)
@extend_schema(
    methods=["PATCH"],
    description="Decide a request for more quota. Administrators may, and the author of its template.",
    request=DecisionIn,
    responses={200: QuotaRequestOut, **dict.fromkeys((400, 403, 404, 409), s.Problem)},
)
@api_view(["GET", "PATCH"])
def one(request: Request, pk: int) -> Response:
    """Show a request for more; or decide it, as an administrator or as the author of its template."""
    who = person(request)
    row = get_object_or_404(access.visible(who, QuotaRequest).select_related("user", "decided_by", "grant"), pk=pk)
    if request.method == "PATCH":
        access.require(who, "decide", row)
        row = _decide(request, row)
    return Response(_out([row])[0])


def _decide(request: Request, row: QuotaRequest) -> QuotaRequest:
    who, sent = person(request), body(request, DecisionIn)
    if sent["state"] == QuotaRequest.State.REFUSED:
        return requests_for_more.refuse(request=row, by=who, note=sent["note"])
    return requests_for_more.approve(
        request=row, by=who, note=sent["note"], ends_at=sent["ends_at"], most=most_of(who, row)
    )
