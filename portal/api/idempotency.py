"""Idempotency-Key: a program that heard no answer sends the same request again, and it is carried out once.

Only what was done is remembered. A refusal has done nothing, and its reason may pass (a pause, a full quota, a name that is taken), so
the same key tries again.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from accounts import once
from accounts.models import User
from lib.notes import Refusal
from portal.api.request_parts import person
from portal.once import hash_of
from portal.problems import handler

HEADER = "Idempotency-Key"
LONGEST = 255  # characters
View = Callable[..., Response]
_KEPT_HEADERS = ("Location", "Cache-Control")
GUARDED: set[tuple[str, str]] = set()  # (module, name) of each view; what api_view makes of one keeps these two
_PARAMETER = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Up to 255 characters that you make up for this one request. If you send it again within a day, nothing is done twice; "
    "a refused request is tried again.",
)


class BadKey(Refusal):
    status = 400
    code = "bad_idempotency_key"


def once_per_key(view: View) -> View:
    """Guard a view that takes POST, below @api_view. Requests of other methods, without a key or of nobody known pass through."""

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> Response:
        is_known = request.user.is_authenticated  # keys are kept for each person
        if request.method != "POST" or HEADER not in request.headers or not is_known:
            return view(request, *args, **kwargs)
        return once_for(person(request), request, _sent(request), lambda: view(request, *args, **kwargs))

    GUARDED.add((view.__module__, view.__name__))
    return guarded


def _sent(request: Request) -> Any:
    """Return what was sent, for its hash only. The view refuses what cannot be read, after it has asked for the person's right."""
    body = request._request.body
    try:
        return json.loads(body) if body else {}
    except (ValueError, RecursionError):
        return body.hex()


def once_for(who: User, request: Request, sent: Any, carry_out: Callable[[], Response]) -> Response:
    """Carry out a person's request once for its key. `sent` tells it from others; no password may be in it, since its hash is kept."""
    key = request.headers.get(HEADER)
    if key is None:
        return carry_out()
    if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        raise BadKey(_("An Idempotency-Key is 1 to 255 printable ASCII characters."))
    request_hash = hash_of("POST", request.get_full_path(), json.dumps(sent, sort_keys=True))
    with once.key(who, f"api:{key}", request_hash) as row:
        if row.status is not None and row.status < 400:  # the version before kept refusals, too
            return _replayed(row.status, json.loads(once.answer_of(row, key, timezone.now())))
        response = _answer(request, carry_out)
        if response.status_code >= 400:
            transaction.set_rollback(True)  # nothing was done: it may work the next time
        else:
            is_secret = "no-store" in response.get("Cache-Control", "")
            once.remember(row, key, response.status_code, _packed(response), is_secret=is_secret)
        return response


def _answer(request: Request, carry_out: Callable[[], Response]) -> Response:
    """Answer a refusal like any other answer, and undo what its action had begun."""
    try:
        with transaction.atomic():
            return carry_out()
    except Exception as error:
        response = handler(error, {"request": request})
        if response is None:
            raise
        return response


def _packed(response: Response) -> bytes:
    headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
    return json.dumps({"headers": headers, "data": response.data}, cls=JSONEncoder).encode()


def _replayed(status: int, kept: dict[str, Any]) -> Response:
    headers = {**kept["headers"], "Idempotency-Replayed": "true"}
    return Response(kept["data"], status=status, headers=headers)


class Schema(AutoSchema):
    """drf-spectacular's schema, with the header on the operations that take it."""

    def get_override_parameters(self) -> list[Any]:
        view = type(self.view)
        takes_key = self.method == "POST" and (view.__module__, view.__name__) in GUARDED
        return [*super().get_override_parameters(), *([_PARAMETER] if takes_key else [])]
