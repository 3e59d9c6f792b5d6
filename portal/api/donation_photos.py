"""Photos of a donation: sent and removed by its donor, with an account or the link from the mail; administrators see and remove all."""

import hashlib
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, parser_classes, permission_classes
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.donors import donor_limits, donor_links, donor_rows
from accounts.models import Donor
from nodes import donation_numbers
from nodes.files import photo_bytes, photos
from nodes.models import Donation, Photo
from portal import access, stored_files
from portal.api import lists
from portal.api import serializers as s
from portal.api.idempotency import GUARDED, once_for
from portal.api.paging import page
from portal.api.request_parts import person
from portal.api.terms_permission import HEADER, SignedInOrByLink
from portal.request_facts import address_of

_LINK = OpenApiParameter(
    HEADER, str, OpenApiParameter.HEADER,
    description="Instead of a sign-in: what stands in the address of the donor's page after /given/.",
)  # fmt: skip
_AUTH: Any = [{"token": []}, {"session": []}, {}]
_REFUSED = dict.fromkeys((403, 404, 409), s.Problem)


class PhotoParser(BaseParser):
    """The bytes of a photo, of which no more is read than a photo may have."""

    media_type = "image/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return bytes(stream.read(photo_bytes.MOST_BYTES + 1))


class PhotoOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    computer = serializers.SerializerMethodField(help_text="The number of the one that it shows; '' where nobody said.")
    width = serializers.IntegerField(help_text="Pixels.")
    height = serializers.IntegerField(help_text="Pixels.")
    added_at = serializers.DateTimeField()
    by_donor = serializers.BooleanField(source="is_donors", help_text="The donor sent it; else staff took it.")

    def get_computer(self, photo: Photo) -> str:
        return photo.computer.number if photo.computer else ""


def _donor(request: Request) -> Donor | None:
    """Return the donor whose link was sent; None for whoever signed in."""
    return None if request.user.is_authenticated else donor_links.read(request.headers.get(HEADER, ""))


def _found(request: Request, number: str, verb: str) -> Donation:
    """Return the donation of this number; 404 for whoever may not know of it. Raises Forbidden, BadLink."""
    pk, donor = donation_numbers.read(number), _donor(request)
    if pk is None:
        raise Http404
    if donor is not None:
        return get_object_or_404(Donation, pk=pk, donor=donor)
    row: Donation = get_object_or_404(access.visible(person(request), Donation), pk=pk)
    access.require(person(request), verb, row)
    return row


def _photos(donation: Donation) -> QuerySet[Photo]:
    return donation.photos.select_related("file", "computer", "donation__donor")


@extend_schema(
    methods=["GET"],
    parameters=[_LINK, *lists.PARAMETERS],
    description="List the photos of a donation, also those that staff took.",
    responses={200: PhotoOut(many=True), 400: s.Problem, **_REFUSED},
    auth=_AUTH,
)
@extend_schema(
    methods=["POST"],
    parameters=[_LINK],
    description=(
        "Add a photo to a donation (its donor). The body is the photo itself: JPEG, PNG or WebP, up to 15 MB and 12 megapixels. It is made smaller, and "
        "nothing but the picture is kept. At most 3 of an offer (409, too_many_photos), until its first computer is received "
        "(photos_closed). The same photo again is one photo."
    ),
    request={"image/jpeg": OpenApiTypes.BINARY},
    responses={201: PhotoOut, **_REFUSED, **dict.fromkeys((400, 413, 415, 429, 503, 507), s.Problem)},
    auth=_AUTH,
)
@api_view(["GET", "POST"])
@permission_classes([SignedInOrByLink])
@parser_classes([PhotoParser])
def donation_photos(request: Request, number: str) -> Response:
    """List the photos of a donation, or add one."""
    if request.method == "POST":
        return _add(request, _found(request, number, "add_photo"))
    found, headers = page(request, _photos(_found(request, number, "see")), "pk")
    return lists.answer(request, list(PhotoOut(found, many=True).data), headers)


GUARDED.add((__name__, "donation_photos"))  # `_add` asks for the key, once the photo is read


def _add(request: Request, donation: Donation) -> Response:
    sent: Any = request.data
    data = sent if isinstance(sent, bytes) else b""  # nothing was sent
    donor_limits.photo(address=address_of(request._request))
    picture = photo_bytes.read(data)

    def carry_out() -> Response:
        return Response(PhotoOut(photos.add_of_donor(picture, donation)).data, status=201)

    if request.user.is_authenticated:
        return once_for(person(request), request, hashlib.sha256(data).hexdigest(), carry_out)
    donor_rows.verify(donation.donor)  # the first thing that is done by the link proves the address
    return carry_out()


@extend_schema(
    methods=["GET"],
    parameters=[_LINK],
    description="Download a photo as JPEG.",
    responses={(200, "image/jpeg"): OpenApiTypes.BINARY, **_REFUSED},
    auth=_AUTH,
)
@extend_schema(
    methods=["DELETE"],
    parameters=[_LINK],
    description="Remove a photo. Its donor, until the first computer is received (409, photos_closed); administrators any.",
    responses={204: None, **_REFUSED},
    auth=_AUTH,
)
@api_view(["GET", "DELETE"])
@permission_classes([SignedInOrByLink])
def one(request: Request, number: str, photo: int) -> HttpResponseBase:
    """Download a photo, or remove it."""
    row = get_object_or_404(_photos(_found(request, number, "see")), pk=photo)
    if request.method == "GET":
        return stored_files.answer(row.file, f"photo-{row.pk}.jpg")
    _remove(request, row)
    return Response(status=204)


def _remove(request: Request, row: Photo) -> None:
    if request.user.is_authenticated:
        access.require(person(request), "remove", row)
        if access.administers(person(request)):
            return photos.remove_of_staff(row, person(request))
    elif not row.is_donors:
        raise access.NotYours(access.TAKEN_BY_STAFF)
    return photos.remove_of_donor(row)
