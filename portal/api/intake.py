"""Take what minga-intake says of a given computer: without a sign-in, by the code from its label."""

from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from lib.notes import Refusal
from nodes.intake import intake_codes
from nodes.intake.machine_facts import BadFacts
from portal.api import intake_shapes as shapes
from portal.api import serializers as s
from portal.api.request_parts import body
from portal.request_facts import address_of

MOST_BYTES = 64_000


@extend_schema(
    description=(
        "Say what a computer is, as minga-intake does. The code stands on the computer's page and works once; no account is needed. Facts that "
        "cannot be read (400) leave the code as it is. A code that is wrong, used, withdrawn or too old: bad_code (403), always with the same "
        "sentence. After 30 such codes from one network address: 429 with Retry-After."
    ),
    request=shapes.IntakeIn,
    responses={201: shapes.IntakeOut, **dict.fromkeys((400, 403, 413, 429), s.Problem)},
    auth=[{}],  # type: ignore[list-item]  # drf-spectacular hands it on as it is
)
@api_view(["POST"])
@authentication_classes([])
@permission_classes([])
def intake(request: Request) -> Response:
    """Say what a computer is, by its one-use code."""
    if len(request._request.body) > MOST_BYTES:
        raise Refusal(_("This is too much for one computer."), code="too_large", status=413)
    sent = body(request, shapes.SentIntake)
    try:
        row = intake_codes.use(code=sent["code"], facts=sent["facts"], address=address_of(request._request))
    except BadFacts as refusal:
        where = {name: name if name == "facts" else f"facts.{name}" for name in refusal.faults}
        raise ValidationError({where[name]: str(note) for name, note in refusal.faults.items()}) from None
    return Response(shapes.IntakeOut(row).data, status=201)
