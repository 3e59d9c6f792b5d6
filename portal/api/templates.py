"""Templates: what can be launched; teachers make and change them."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import extend_schema
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
from portal.api import inputs
from portal.api import serializers as s
from portal.api.idempotency import once_per_key
from portal.api.request_parts import body, person
from portal.presenters.offered_templates import offered_to

MOST_CHANGES = 50


def _one(request: Request, template: Template, status: int = 200) -> Response:
    return Response(s.TemplateOut(offered_to(person(request), [template])[0]).data, status=status)


@extend_schema(methods=["GET"], responses=s.TemplateOut(many=True))
@extend_schema(
    methods=["POST"], request=inputs.TemplateIn, responses={201: s.TemplateOut, 400: s.Problem, 403: s.Problem}
)
@api_view(["GET", "POST"])
@once_per_key
def templates(request: Request) -> Response:
    """What you can launch; or make a template (teachers)."""
    who = person(request)
    if request.method == "POST":
        access.require(who, "make", Template)
        return _one(request, create_template(by=who, **_fields(body(request, inputs.TemplateIn))), 201)
    return Response(s.TemplateOut(offered_to(who), many=True).data)


@extend_schema(methods=["GET"], responses={200: s.TemplateOut, 404: s.Problem})
@extend_schema(
    methods=["PATCH"], request=inputs.TemplateIn, responses={200: s.TemplateOut, 400: s.Problem, 403: s.Problem}
)
@extend_schema(methods=["DELETE"], responses={204: None, 403: s.Problem})
@api_view(["GET", "PATCH", "DELETE"])
def template(request: Request, slug: str) -> Response:
    """One template; change it or retire it (teachers)."""
    who = person(request)
    row = get_object_or_404(access.visible(who, Template).with_parts(), slug=slug)
    if request.method != "GET":
        access.require(who, "change", row)
    if request.method == "PATCH":
        return _one(
            request, edit_template(template=row, by=who, **_fields(body(request, inputs.TemplateIn, partial=True)))
        )
    if request.method == "DELETE":
        retire_template(template=row, by=who)
        return Response(status=204)
    return _one(request, row)


@extend_schema(request=None, responses={200: s.TemplateOut, 403: s.Problem, 404: s.Problem})
@api_view(["POST"])
@once_per_key
def bring_back(request: Request, slug: str) -> Response:
    """Take back that a template was retired."""
    row = get_object_or_404(Template.objects.with_parts(), slug=slug)
    access.require(person(request), "change", row)
    return _one(request, bring_back_template(template=row, by=person(request)))


@extend_schema(responses={200: s.TemplateChangeOut(many=True), 403: s.Problem, 404: s.Problem})
@api_view(["GET"])
def changes(request: Request, slug: str) -> Response:
    """The history of a template: who changed what, the newest 50, for those who may change it."""
    row = get_object_or_404(Template, slug=slug)
    access.require(person(request), "see_changes", row)
    return Response(s.TemplateChangeOut(row.changes.select_related("by")[:MOST_CHANGES], many=True).data)


def _fields(asked: dict[str, Any]) -> dict[str, Any]:
    """Ids of the cloud become the catalog's rows; only what is offered counts."""
    for name, rows in (("image", Image.objects), ("flavor", Flavor.objects)):
        if name in asked:
            asked[name] = rows.filter(cloud_id=asked[name], offered=True, missing=False).first()
            if asked[name] is None:
                raise BadTemplate(_("This image or size is not offered. The catalog lists those that are."))
    if "services" in asked:
        asked["services"] = [dict(service) for service in asked["services"]]
    return asked
