"""People, for administrators: found, created, changed, imported, and what they are given."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import people_csv, people_import, person_actions
from accounts.models import User
from accounts.people_search import PeopleFilters
from lib.measures import MEASURES, Size
from portal import access
from portal.api import filters, lists
from portal.api import serializers as s
from portal.api.idempotency import once_per_key
from portal.api.paging import page
from portal.api.person_shapes import (
    ROLES,
    GrantIn,
    GrantOut,
    ImportedLine,
    ImportIn,
    PersonChanges,
    PersonIn,
    PersonOut,
)
from portal.api.request_parts import body, person, time_of
from portal.presenters.listed_people import listed, open_grants, shown_grants
from quotas import actions as quota_actions
from quotas.models import Grant

_REFUSED = dict.fromkeys((400, 403, 404, 409), s.Problem)


def _out(row: User) -> Any:
    return PersonOut(listed([row])[0]).data


def found_person(request: Request, username: str, verb: str) -> User:
    """Return the person of this name in any case. Raises Forbidden for whoever is no administrator."""
    access.require(person(request), verb, User)
    try:
        named = User.objects.get_by_natural_key(username.replace("\0", ""))
    except User.DoesNotExist:
        raise Http404 from None
    found: User = get_object_or_404(access.visible(person(request), User), pk=named.pk)
    return found


@extend_schema(
    methods=["GET"],
    description="List people (administrators). In the order of their usernames.",
    parameters=[
        OpenApiParameter("search", str, description="A part of a name, a username or an address."),
        OpenApiParameter("role", str, enum=ROLES),
        OpenApiParameter(
            "last_sign_in_before", str, description="A time with its offset; whoever never came is among them."
        ),
        *lists.PARAMETERS,
    ],
    responses={200: PersonOut(many=True), 400: s.Problem, 403: s.Problem},
)
@extend_schema(
    methods=["POST"],
    description="Create an account (administrators).",
    request=PersonIn,
    responses={201: PersonOut, **_REFUSED},
)
@api_view(["GET", "POST"])
@once_per_key
def people(request: Request) -> Response:
    """List people, in the order of their usernames; or create an account. For administrators."""
    who = person(request)
    if request.method == "POST":
        access.require(who, "change", User)
        return Response(_out(person_actions.create(**body(request, PersonIn), by=who)), status=201)
    access.require(who, "see", User)
    roles = filters.words(request, "role", ROLES)
    wanted = PeopleFilters(
        text=filters.text(request, "search"),
        role=roles[0] if roles else "",
        last_sign_in_before=time_of(request, "last_sign_in_before"),
    )
    found, headers = page(request, wanted.narrow(access.visible(who, User)), "username")
    return lists.answer(request, PersonOut(listed(found), many=True).data, headers)


@extend_schema(
    request=ImportIn, responses={200: ImportedLine(many=True), 400: s.Problem, 403: s.Problem, 409: s.Problem}
)
@api_view(["POST"])
@once_per_key
def bring_in(request: Request) -> Response:
    """Import a list of people, or only check what it would do (administrators). With `dry_run` false, new ones become students."""
    who = person(request)
    access.require(who, "change", User)
    sent = body(request, ImportIn)
    lines = people_csv.read(sent["csv"]).lines
    students = {"roles": ["student"], "invite": sent["invite"]}
    plan = people_import.plan(lines) if sent["dry_run"] else people_import.carry_out(lines, by=who, **students)
    return Response(ImportedLine(plan.lines, many=True).data)


@extend_schema(
    methods=["GET"],
    description="Show a person (administrators).",
    responses={200: PersonOut, 403: s.Problem, 404: s.Problem},
)
@extend_schema(
    methods=["PATCH"],
    description="Change a person's roles, block or unblock them (administrators).",
    request=PersonChanges,
    responses={200: PersonOut, **_REFUSED},
)
@extend_schema(methods=["DELETE"], description="Remove a person (administrators).", responses={204: None, **_REFUSED})
@api_view(["GET", "PATCH", "DELETE"])
def one(request: Request, username: str) -> Response:
    """Show a person; change their roles, block or unblock them; or remove them. For administrators."""
    row = found_person(request, username, "see" if request.method == "GET" else "change")
    if request.method == "DELETE":
        person_actions.remove(person=row, by=person(request))
        return Response(status=204)
    if request.method == "PATCH":
        row = person_actions.change(person=row, by=person(request), **body(request, PersonChanges))
    return Response(_out(row))


@extend_schema(
    methods=["GET"],
    description="List the quota that a person was given (administrators). What still counts or will, beside their roles.",
    parameters=lists.PARAMETERS,
    responses={200: GrantOut(many=True), **dict.fromkeys((400, 403, 404), s.Problem)},
)
@extend_schema(
    methods=["POST"],
    description="Give a person more quota (administrators).",
    request=GrantIn,
    responses={201: GrantOut, **_REFUSED},
)
@api_view(["GET", "POST"])
@once_per_key
def grants(request: Request, username: str) -> Response:
    """List what a person was given beside their roles and still counts, or will; or give more. For administrators."""
    if request.method == "GET":
        rows, headers = page(request, open_grants(found_person(request, username, "see")), "-pk")
        return lists.answer(request, GrantOut(shown_grants(rows), many=True).data, headers)
    row, sent = found_person(request, username, "change"), body(request, GrantIn)
    size = Size(**{m: sent["amounts"].get(m, 0) for m in MEASURES})
    facts = {name: sent[name] for name in ("starts_at", "ends_at", "reason")}
    given = quota_actions.give(user=row, size=size, by=person(request), **facts)
    return Response(GrantOut(shown_grants([given])[0]).data, status=201)


@extend_schema(responses={204: None, **_REFUSED})
@api_view(["DELETE"])
def grant(request: Request, username: str, pk: int) -> Response:
    """End a grant of quota (administrators)."""
    row = get_object_or_404(Grant, user=found_person(request, username, "change"), pk=pk)
    quota_actions.end_grant(grant=row, by=person(request))
    return Response(status=204)
