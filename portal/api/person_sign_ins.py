"""Sign-ins of other people, for administrators: a new password, the second step, and the browsers in which they are signed in."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import person_actions, second_steps
from accounts.browsers import browser_sessions, person_sessions
from accounts.models import BrowserSession
from portal.api import filters, lists
from portal.api import serializers as s
from portal.api.idempotency import once_per_key
from portal.api.paging import page
from portal.api.person_accounts import found_person
from portal.api.request_parts import person
from portal.presenters.user_agents import device

_REFUSED = dict.fromkeys((403, 404, 409), s.Problem)


class SecondStepOut(serializers.Serializer[Any]):
    on = serializers.BooleanField(help_text="The password is not enough.")
    app = serializers.BooleanField()
    passkeys = serializers.IntegerField()
    owed = serializers.BooleanField(help_text="One is asked of a role of this person, who has none.")


class SessionOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    address = serializers.SerializerMethodField(help_text="'': unknown.")
    browser = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField(help_text="Up to ten minutes old.")

    def get_address(self, row: BrowserSession) -> str:
        return row.address or ""

    def get_browser(self, row: BrowserSession) -> str:
        return device(row.agent)


@extend_schema(request=None, responses={204: None, **dict.fromkeys((400, 403, 404, 409), s.Problem)})
@api_view(["POST"])
@once_per_key
def link(request: Request, username: str) -> Response:
    """Mail a person a link to choose a new password (administrators). The old one works until they have."""
    person_actions.send_link(person=found_person(request, username, "change"), by=person(request))
    return Response(status=204)


@extend_schema(
    methods=["GET"],
    description="Show what a person shows besides the password (administrators).",
    responses={200: SecondStepOut, 403: s.Problem, 404: s.Problem},
)
@extend_schema(
    methods=["DELETE"],
    description="End a person's second step (administrators). The password is enough from then on; the person gets a mail.",
    responses={204: None, **_REFUSED},
)
@api_view(["GET", "DELETE"])
def second_step(request: Request, username: str) -> Response:
    """Show what a person shows besides the password; or end it. For administrators."""
    row = found_person(request, username, "see" if request.method == "GET" else "change")
    if request.method == "DELETE":
        person_actions.end_second_step(person=row, by=person(request))
        return Response(status=204)
    return Response(SecondStepOut(second_steps.facts(row)).data)


@extend_schema(
    methods=["GET"],
    description="List the browsers in which a person is signed in (administrators). The last used first.",
    parameters=lists.PARAMETERS,
    responses={200: SessionOut(many=True), **dict.fromkeys((400, 403, 404), s.Problem)},
)
@extend_schema(
    methods=["DELETE"],
    operation_id="people_sessions_destroy_all",
    description="Sign a person out in all browsers (administrators). What they have open ends, too.",
    parameters=[OpenApiParameter("tokens", bool, description="true: revoke the tokens of their programs, too.")],
    responses={204: None, 400: s.Problem, **_REFUSED},
)
@api_view(["GET", "DELETE"])
def sessions(request: Request, username: str) -> Response:
    """List the browsers in which a person is signed in; or sign them out in all. For administrators."""
    if request.method == "DELETE":
        with_tokens = filters.words(request, "tokens", ("true", "false")) == ["true"]
        row = found_person(request, username, "change")
        person_sessions.end_all(person=row, by=person(request), with_tokens=with_tokens)
        return Response(status=204)
    living = browser_sessions.living(found_person(request, username, "see"))
    rows = BrowserSession.objects.filter(pk__in=[row.pk for row in living])
    found, headers = page(request, rows, "-seen_at", "-pk")
    return lists.answer(request, SessionOut(found, many=True).data, headers)


@extend_schema(responses={204: None, **_REFUSED})
@api_view(["DELETE"])
def session(request: Request, username: str, pk: int) -> Response:
    """Sign a person out in one browser (administrators)."""
    row = get_object_or_404(BrowserSession, user=found_person(request, username, "change"), pk=pk)
    person_sessions.end(row=row, by=person(request))
    return Response(status=204)
