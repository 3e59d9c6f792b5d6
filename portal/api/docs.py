"""The description of the API for programs (OpenAPI) and for people."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView

from portal.api.reference import reference
from portal.problems import MEDIA_TYPE

schema = SpectacularAPIView.as_view()

_ALWAYS = {
    "401": "Nobody is known by this token or session.",
    "404": "There is nothing here, or it is not yours.",
    "429": "Too much at once: Retry-After says when to go on.",
    "503": "Very many are here at this moment: Retry-After says when to go on.",
}
_ON_WRITES = {
    "400": "Something that was sent is wrong.",
    "403": "You may not do this, or the CSRF token is missing.",
    "409": "Not now, or not any more.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
}
_ON_KEYS = {"422": "This Idempotency-Key was sent with another request before."}
_ON_QUERIES = {"400": "Something behind the question mark is wrong."}
_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}


def with_problems(result: dict[str, Any], **_others: Any) -> dict[str, Any]:
    """Add every refusal as a problem detail (RFC 9457), with the media type that is sent. A hook of drf-spectacular."""
    for operations in result["paths"].values():
        for method, operation in operations.items():
            _complete(operation["responses"], _expected(method, operation))
    return result


def with_summaries(result: dict[str, Any], **_others: Any) -> dict[str, Any]:
    """Summarize each operation by the first sentence of its description. A hook of drf-spectacular."""
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["summary"] = first_sentence(operation.get("description", ""))
    return result


def first_sentence(text: str) -> str:
    """Return a text up to its first full stop, with it."""
    return text.partition(". ")[0].rstrip(".") + "."


def _expected(method: str, operation: dict[str, Any]) -> dict[str, str]:
    """Return status and sentence of what any operation of this kind may be refused with."""
    places = {(each["in"], each["name"]) for each in operation.get("parameters", [])}
    expected = _ALWAYS if method == "get" else {**_ALWAYS, **_ON_WRITES}
    if any(place == "query" for place, _name in places):
        expected = {**expected, **_ON_QUERIES}
    return {**expected, **_ON_KEYS} if ("header", "Idempotency-Key") in places else expected


def _complete(responses: dict[str, Any], expected: dict[str, str]) -> None:
    for status in sorted({*expected, *responses}):
        if status[0] in "45":
            description = responses.get(status, {}).get("description") or expected.get(status, "Refused.")
            headers = {"headers": _RETRY} if status in ("429", "503") else {}
            responses[status] = {"description": description, "content": _PROBLEM, **headers}
    if "ETag" in responses.get("200", {}).get("headers", {}):
        responses["304"] = {**responses.get("304", {}), "description": "Nothing of this list has changed."}


@login_not_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the reference of the API in the portal's frame. Its texts are English; the frame is in the reader's language."""
    return render(request, "api/reference.html", {"reference": reference()})
