"""Sign in by a browser, the program's part (RFC 8628). Both addresses are for who has no token yet."""

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import device_codes
from accounts.once import hash_of_key
from portal.api import inputs
from portal.api import serializers as s
from portal.api.idempotency import GUARDED, once_for
from portal.api.request_parts import body
from portal.request_facts import address_of

NOT_KEPT = {"Cache-Control": "no-store"}


@extend_schema(
    request=inputs.Device, responses={200: s.DeviceCodes, **dict.fromkeys((400, 429, 503), s.Problem)}, auth=[]
)
@api_view(["POST"])
@authentication_classes([])
@permission_classes([])
def device(request: Request) -> Response:
    """Begin a sign-in with a code that a person types in a browser. The program gets a code of its own; both hold for ten minutes."""
    codes = device_codes.begin(name=body(request, inputs.Device)["name"], address=address_of(request._request))
    facts = {
        "device_code": codes.device_code,
        "user_code": codes.user_code,
        "verification_uri": request.build_absolute_uri(reverse("device")),
        "expires_in": int(device_codes.LIFE.total_seconds()),
        "interval": device_codes.INTERVAL,
    }
    return Response(facts, headers=NOT_KEPT)


@extend_schema(request=inputs.DeviceCode, responses={200: s.Token, 400: s.Problem, 409: s.Problem}, auth=[])
@api_view(["POST"])
@authentication_classes([])
@permission_classes([])
def device_token(request: Request) -> Response:
    """Fetch the token that a person allowed, once. Until then 400: `authorization_pending`, `slow_down`, `access_denied`, `expired_token`."""
    code = body(request, inputs.DeviceCode)["device_code"]
    row, who = device_codes.poll(code)

    def make() -> Response:
        return Response({"token": device_codes.redeem(row, who)}, headers=NOT_KEPT)

    return once_for(who, request, {"device_code": hash_of_key(code)}, make)


GUARDED.add((__name__, "device_token"))  # once it is known for whom
