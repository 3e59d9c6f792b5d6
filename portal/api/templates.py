"""Templates: what can be launched; teachers make and change them."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.models import Flavor, Image
from courses.actions import (
    BadTemplate,
    bring_back_template,
    create_template,
    edit_template,
    retire_template,
)
from courses.models import Template
from portal import access
from portal.api import filters, inputs, lists
from portal.api import serializers as s
from portal.api.idempotency import once_per_key
from portal.api.paging import page
from portal.api.request_parts import body, person
from portal.presenters.offered_templates import offered_to, shown_to

CHANGES = 50  # of one page, where no limit is said
_AUTHOR = OpenApiParameter("author", str, description="The username of who made it.")


def _find(request: Request, slug: str, verb: str = "") -> Template:
    """Return the template; 404 for whoever may not know of it. Raises Forbidden for whoever may not do `verb` to it."""
    row: Template = get_object_or_404(access.visible(person(request), Template).with_parts(), slug=slug)
    if verb:
        access.require(person(request), verb, row)
    return row


def _one(request: Request, template: Template, status: int = 200) -> Response:
    return Response(s.TemplateOut(offered_to(person(request), [template])[0]).data, status=status)


@extend_schema(
    methods=["GET"],
    description="List what you can launch.",
    parameters=[_AUTHOR, *lists.PARAMETERS],
    responses=s.TemplateOut(many=True),
)
@extend_schema(
    methods=["POST"],
    description="Make a template (teachers).",
    request=inputs.TemplateIn,
    responses={201: s.TemplateOut, 400: s.Problem, 403: s.Problem},
)
@api_view(["GET", "POST"])
@once_per_key
def templates(request: Request) -> Response:
    """List what you can launch; or make a template (teachers)."""
    who = person(request)
    if request.method == "POST":
        access.require(who, "make", Template)
        return _one(request, create_template(by=who, **_fields(body(request, inputs.TemplateIn))), 201)
    rows = shown_to(who)
    if author := filters.text(request, "author"):
        rows = rows.filter(created_by__username=author)
    found, headers = page(request, rows, "position", "name", "pk")
    return lists.answer(request, s.TemplateOut(offered_to(who, found), many=True).data, headers)


@extend_schema(methods=["GET"], description="Show a template.", responses={200: s.TemplateOut, 404: s.Problem})
@extend_schema(
    methods=["PATCH"],
    description="Change a template (teachers).",
    request=inputs.TemplateIn,
    responses={200: s.TemplateOut, 400: s.Problem, 403: s.Problem},
)
@extend_schema(methods=["DELETE"], description="Retire a template (teachers).", responses={204: None, 403: s.Problem})
@api_view(["GET", "PATCH", "DELETE"])
def template(request: Request, slug: str) -> Response:
    """Show a template; change it or retire it (teachers)."""
    who, row = person(request), _find(request, slug, "" if request.method == "GET" else "change")
    if request.method == "PATCH":
        fields = _fields(body(request, inputs.TemplateIn, partial=True))
        return _one(request, edit_template(template=row, by=who, **fields))
    if request.method == "DELETE":
        retire_template(template=row, by=who)
        return Response(status=204)
    return _one(request, row)


@extend_schema(request=None, responses={200: s.TemplateOut, 403: s.Problem, 404: s.Problem})
@api_view(["POST"])
@once_per_key
def bring_back(request: Request, slug: str) -> Response:
    """Bring a retired template back (teachers)."""
    row = _find(request, slug, "change")
    return _one(request, bring_back_template(template=row, by=person(request)))


@extend_schema(
    parameters=lists.PARAMETERS, responses={200: s.TemplateChangeOut(many=True), 403: s.Problem, 404: s.Problem}
)
@api_view(["GET"])
def changes(request: Request, slug: str) -> Response:
    """List who changed what in a template. The newest first, for those who may change it."""
    row = _find(request, slug, "see_changes")
    rows, headers = page(request, row.changes.select_related("by"), "-at", "-pk", size=CHANGES)
    return lists.answer(request, s.TemplateChangeOut(rows, many=True).data, headers)


def _fields(sent: dict[str, Any]) -> dict[str, Any]:
    """Replace the cloud's ids by rows of the catalog. Raises BadTemplate for an id that is not offered."""
    for name, rows in (("image", Image.objects), ("flavor", Flavor.objects)):
        if name in sent:
            sent[name] = rows.filter(cloud_id=sent[name], offered=True, missing=False).first()
            if sent[name] is None:
                raise BadTemplate(_("This image or size is not offered. The catalog lists those that are."))
    if "services" in sent:
        sent["services"] = [dict(service) for service in sent["services"]]
    return sent
