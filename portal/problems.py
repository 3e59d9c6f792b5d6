"""Every error of the API as a problem detail (RFC 9457): a stable code for programs, a sentence for people."""

import logging
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from lib import seldom
from lib.notes import Refusal
from portal.bad_requests import TooLarge
from portal.presenters.quota_ways import members
from quotas.actions import OverQuota

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"


def problem(status: int, detail: str, code: str, **more: Any) -> dict[str, Any]:
    """Return the members of a problem; `type` is a name, not an address: there is no page behind it."""
    return {
        "type": f"urn:minga:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an error of a view, for DRF's EXCEPTION_HANDLER. None for what is no error of the caller: that stays a 500, and is logged."""
    set_rollback()
    if isinstance(error, OverQuota):
        return _refused(error, **members(error, context["request"].user))
    if isinstance(error, Refusal):
        return _refused(error, **_at_field(error))
    if isinstance(error, Http404):
        return _answer(problem(404, _("There is nothing at this address, or it is not yours."), "not_found"))
    if isinstance(error, PermissionDenied):
        return _answer(problem(403, _("You may not do this."), "forbidden"))
    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    if isinstance(error, exceptions.ValidationError):
        return _answer(_invalid(error))
    if isinstance(error, exceptions.APIException):
        return _answer(problem(error.status_code, _sentence(error), str(error.default_code)), _headers(error))
    return None


def _refused(refusal: Refusal, **more: Any) -> Response:
    response = _answer(problem(refusal.status, str(refusal), refusal.code, **more), _headers_of(refusal))
    if refusal.retry_after:
        text = refusal.note.in_english()
        seldom.warning(log, refusal.code, "turned away with %s: %s", refusal.status, text, memory=seldom.OWN)
        response._has_been_logged = True  # type: ignore[attr-defined]  # else Django writes an error for each 503
    return response


def _at_field(refusal: Refusal) -> dict[str, Any]:
    """Return the line of a refusal that is about a field, in the form of those that DRF finds."""
    field = getattr(refusal, "field", "") if refusal.code == "invalid" else ""
    return {"errors": [{"field": field, "detail": str(refusal)}]} if field else {}


def _answer(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(body, status=body["status"], headers=headers, content_type=MEDIA_TYPE)


def _headers_of(refusal: Refusal) -> dict[str, str]:
    headers = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else {}
    return {**headers, "Retry-After": str(refusal.retry_after)} if refusal.retry_after else headers


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    return headers


def _sentence(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.Throttled):
        seconds = int(getattr(error, "wait", None) or 0) + 1
        text = ngettext(
            "Too much at once. Wait %(count)s second, then go on.",
            "Too much at once. Wait %(count)s seconds, then go on.",
            seconds,
        )
        return text % {"count": seconds}
    sentences = {
        "not_authenticated": _(
            "Sign in first: send your token as “Authorization: Bearer …”. POST auth/token/ gives you one."
        ),
        "authentication_failed": _("This token is not valid (any more). POST auth/token/ gives you a new one."),
        "parse_error": _("The body of the request is not valid JSON."),
        "method_not_allowed": _("This address does not take this method."),
        "unsupported_media_type": _("Send the body as application/json."),
        "not_acceptable": _("The API answers in JSON only."),
    }
    return sentences.get(str(error.default_code), str(error.detail))


def _invalid(error: exceptions.ValidationError) -> dict[str, Any]:
    errors = list(_flat(error.detail))
    first = errors[0] if errors else {"field": "", "detail": _("The request is not valid.")}
    detail = f"{first['field']}: {first['detail']}" if first["field"] else first["detail"]
    return problem(400, detail, "invalid", errors=errors)


def _flat(detail: Any, field: str = "") -> Any:
    """Flatten DRF's nested details into {field, detail} lines."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _flat(inner, field if name == "non_field_errors" else f"{field}.{name}".strip("."))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _flat(inner, field)
    else:
        yield {"field": field, "detail": str(detail)}


@csrf_exempt
@login_not_required
def nothing_here(request: HttpRequest, rest: str = "") -> JsonResponse:
    """Answer addresses below /api/ that do not exist, and ids that are none."""
    body = problem(404, _("There is nothing at this address, or it is not yours."), "not_found")
    return JsonResponse(body, status=404, content_type=MEDIA_TYPE)
