"""Images and sizes of which templates can be made: for teachers."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.models import Flavor, Image
from portal import access
from portal.api import lists
from portal.api import serializers as s
from portal.api.paging import page
from portal.api.request_parts import person


@extend_schema(parameters=lists.PARAMETERS, responses={200: s.ImageOut(many=True), 403: s.Problem})
@api_view(["GET"])
def images(request: Request) -> Response:
    """List the images that templates may use. Administrators also see those that are not offered."""
    rows, headers = page(request, Image.objects.filter(missing=False, **_offered_to(request)), "name", "pk")
    return lists.answer(request, s.ImageOut(rows, many=True).data, headers)


@extend_schema(parameters=lists.PARAMETERS, responses={200: s.SizeOut(many=True), 403: s.Problem})
@api_view(["GET"])
def sizes(request: Request) -> Response:
    """List the sizes that templates may use. Administrators also see those that are not offered."""
    offered = Flavor.objects.filter(missing=False, **_offered_to(request))
    rows, headers = page(request, offered, "ram_mb", "vcpus", "disk_gb", "pk")
    return lists.answer(request, s.SizeOut(rows, many=True).data, headers)


def _offered_to(request: Request) -> dict[str, bool]:
    who = person(request)
    access.require(who, "see", Image)
    return {} if access.may(who, "change", Image) else {"offered": True}
