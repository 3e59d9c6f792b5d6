"""Answer a list, or only say that it is the same as before."""

import json
from hashlib import blake2b
from typing import Any

from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from portal.api import paging

PARAMETERS = [
    *paging.PARAMETERS,
    OpenApiParameter("If-None-Match", str, "header", description="The ETag of an answer that you have."),
    OpenApiParameter("ETag", str, "header", response=[200, 304], description="Differs when the list does."),
]


def answer(request: Request, data: Any, headers: dict[str, str]) -> Response:
    """Answer with `data`; with 304 and no body where If-None-Match has its ETag.

    The tag is made of what would be sent. Columns alone do not tell: a percentage, a port of a silent gateway and the time until
    a machine sleeps change without any row. So a 304 saves the way, not the work.
    """
    text = json.dumps([data, headers.get("Link", "")], cls=JSONEncoder)
    tag = f'W/"{blake2b(text.encode(), digest_size=12).hexdigest()}"'
    headers = {**headers, "ETag": tag}
    if _has_it(request, tag):
        return Response(status=304, headers=headers)
    return Response(data, headers=headers)


def _has_it(request: Request, tag: str) -> bool:
    """Compare weakly (RFC 9110, section 8.8.3.2): a proxy may have changed a W/."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or tag.removeprefix("W/") in {each.removeprefix("W/") for each in known}
