"""Lists are read a page at a time: `limit`, and a cursor that the `Link` header of the page before has (RFC 8288).

A cursor is the place of the last row in the list's order, so rows that come and go meanwhile move nothing. It is signed for its list
(address and order): what stands in it is what we wrote for these columns, and no text of a stranger reaches one.
"""

from typing import Any, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from lib.notes import Refusal
from portal.api.filters import number

M = TypeVar("M", bound=Model)
ROWS, MOST = 100, 200
PARAMETERS = [
    OpenApiParameter("limit", int, description=f"Rows of one page: 1 to {MOST}."),
    OpenApiParameter("cursor", str, description="From the Link header of the page before; leave it out for the first."),
    OpenApiParameter(
        "Link",
        str,
        "header",
        response=[200],
        description='`<address of the next page>; rel="next"`; absent on the last.',
    ),
]


def page(request: Request, rows: QuerySet[M], *order: str, size: int = ROWS) -> tuple[list[M], dict[str, str]]:
    """Return the rows of the page that was asked for, and the headers of the answer.

    The last of `order` must be unique, and none may be null. Raises Refusal for a cursor or a limit that is none.
    """
    if text := request.query_params.get("cursor", ""):
        rows = rows.filter(_behind(rows.model, order, _read(request, order, text)))
    size = number(request, "limit", size, MOST)
    found = list(rows.order_by(*order)[: size + 1])
    if len(found) <= size:
        return found, {}
    return found[:size], {"Link": f'<{_next(request, found[size - 1], order)}>; rel="next"'}


def _next(request: Request, last: Model, order: tuple[str, ...]) -> str:
    values = [_field(type(last), name).value_to_string(last) for name in order]
    query = request.query_params.copy()
    query["cursor"] = signing.dumps(values, salt=_salt(request, order))
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _salt(request: Request, order: tuple[str, ...]) -> str:
    return f"portal.api.paging {request.path} {' '.join(order)}"


def _read(request: Request, order: tuple[str, ...], text: str) -> list[str]:
    try:
        return list(signing.loads(text, salt=_salt(request, order)))
    except signing.BadSignature:
        raise Refusal(
            _("This cursor is not one of this list. Begin without one."), code="invalid", status=400
        ) from None


def _behind(model: type[Model], order: tuple[str, ...], values: list[str]) -> Q:
    """Select what stands behind a row in this order: (a > x) or (a = x and b > y) or …"""
    behind, same = Q(pk__in=[]), Q()
    for name, text in zip(order, values, strict=True):
        column, value = name.lstrip("-"), _field(model, name).to_python(text)
        behind |= same & Q(**{f"{column}__{'lt' if name.startswith('-') else 'gt'}": value})
        same &= Q(**{column: value})
    return behind


def _field(model: type[Model], name: str) -> Any:
    column = name.lstrip("-")
    return model._meta.pk if column == "pk" else model._meta.get_field(column)
