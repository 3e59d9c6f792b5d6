"""The description of the API for programs (OpenAPI) and for people."""

from typing import Any

from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from portal.problems import MEDIA_TYPE

schema = SpectacularAPIView.as_view()

_ALWAYS = {"401": "Nobody is known by this token or session.", "404": "There is nothing here, or it is not yours."}
_ON_WRITES = {
    "400": "Something that was sent is wrong.",
    "403": "You may not do this, or the CSRF token is missing.",
    "409": "Not now, or not any more.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "429": "Too much at once: Retry-After says when to go on.",
}


def with_problems(result: dict[str, Any], **_others: Any) -> dict[str, Any]:
    """Every refusal as the problem detail that it is (RFC 9457), with the media type that is sent. A hook of drf-spectacular."""
    for operations in result["paths"].values():
        for method, operation in operations.items():
            expected = _ALWAYS if method == "get" else {**_ALWAYS, **_ON_WRITES}
            responses = operation["responses"]
            for status in sorted({*expected, *responses}):
                if status[0] in "45":
                    said = responses.get(status, {}).get("description") or expected.get(status, "Refused.")
                    responses[status] = {"description": said, "content": _PROBLEM}
    return result


_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


# Swagger UI writes style attributes and carries its pictures as data; its scripts are files of ours, so they stay strict.
@method_decorator(
    csp_update({"style-src": ["'self'", "'unsafe-inline'"], "img-src": ["'self'", "data:"]}), name="dispatch"
)
class Docs(SpectacularSwaggerSplitView):
    url_name = "api-schema"
    http_method_names = ["get", "head"]  # the page has no template with which to answer OPTIONS


docs = Docs.as_view()
