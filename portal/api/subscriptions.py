"""Subscriptions: read, given away by codes, claimed, renewed by administrators."""

from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Subscription
from nodes.subscriptions import days, giving
from portal import access
from portal.api import filters, lists
from portal.api import serializers as s
from portal.api import subscription_shapes as shapes
from portal.api.idempotency import once_per_key
from portal.api.paging import page
from portal.api.request_parts import body, person
from portal.request_facts import address_of
from quotas.usage_of_many import usages

_REFUSED = dict.fromkeys((400, 403, 404, 409), s.Problem)
_SECRET = {"Cache-Control": "no-store"}


def _with_parts(rows: QuerySet[Subscription]) -> QuerySet[Subscription]:
    return rows.select_related("donor__user", "user", "entitlement__computer").prefetch_related("codes")


def _found(request: Request, pk: int, verb: str) -> Subscription:
    row: Subscription = get_object_or_404(access.visible(person(request), Subscription), pk=pk)
    access.require(person(request), verb, row)
    return row


def _out(rows: list[Subscription], kind: type[shapes.SubscriptionOut] = shapes.SubscriptionOut, **more: Any) -> Any:
    holders = {row.holder.pk: row.holder for row in rows if row.holder}
    context = {"now": timezone.now(), "usages": usages(list(holders.values())), **more}
    return kind(rows, many=True, context=context).data


def _one(pk: int, kind: type[shapes.SubscriptionOut] = shapes.SubscriptionOut, **more: Any) -> Any:
    return _out([_with_parts(Subscription.objects.all()).get(pk=pk)], kind, **more)[0]


@extend_schema(
    parameters=[
        OpenApiParameter("state", str, description=f"{' '.join(shapes.STANDINGS)}; several with commas between."),
        *lists.PARAMETERS,
    ],
    responses={200: shapes.SubscriptionOut(many=True), 400: s.Problem},
)
@api_view(["GET"])
def subscriptions(request: Request) -> Response:
    """List subscriptions. The newest first: your own, for administrators all."""
    rows, now = access.visible(person(request), Subscription), timezone.now()
    if standings := filters.words(request, "state", shapes.STANDINGS):
        found_by = [Q(pk__in=Subscription.objects.standing(each, now).values("pk")) for each in standings]
        rows = rows.filter(Q(*found_by, _connector=Q.OR))
    found, headers = page(request, _with_parts(rows), "-pk")
    return lists.answer(request, _out(list(found)), headers)


@extend_schema(
    methods=["POST"],
    description="Give a part of the days left away. They leave at once; the code is shown once, works once, for 30 days. Only its holder may. "
    "Codes: invalid (400), nothing_to_give (409): it has not started, or no whole day is left.",
    request=shapes.ShareIn,
    responses={201: shapes.TransferOut, **_REFUSED},
)
@extend_schema(
    methods=["DELETE"],
    description="Withdraw all codes of a subscription that nobody has used: their days come back.",
    responses={200: shapes.SubscriptionOut, **dict.fromkeys((403, 404, 409), s.Problem)},
)
@api_view(["POST", "DELETE"])
@once_per_key
def transfer(request: Request, pk: int) -> Response:
    """Give a part of the days left away by a code, or withdraw the codes that nobody has used."""
    row, who = _found(request, pk, "give"), person(request)
    if request.method == "DELETE":
        giving.withdraw_all(subscription=row, by=who)
        return Response(_one(row.pk))
    given = giving.give(subscription=row, by=who, share=body(request, shapes.ShareIn)["share"])
    return Response(shapes.TransferOut(given).data, status=201, headers=_SECRET)


@extend_schema(
    request=shapes.CodeIn,
    responses={200: shapes.ClaimedOut, **dict.fromkeys((400, 404, 429), s.Problem)},
)
@api_view(["POST"])
def claim(request: Request) -> Response:
    """Use a code: its days run for you from now on. Sent again it changes nothing.

    Code bad_code (404): wrong, used, ended or withdrawn. After ten that do not work: 429 with Retry-After.
    """
    sent = body(request, shapes.CodeIn)
    claimed = giving.claim(text=sent["code"], user=person(request), address=address_of(request._request))
    return Response(_one(claimed.subscription.pk, shapes.ClaimedOut, is_own=claimed.is_own))


@extend_schema(request=shapes.RenewIn, responses={200: shapes.SubscriptionOut, **_REFUSED})
@api_view(["POST"])
@once_per_key
def renew(request: Request, pk: int) -> Response:
    """Add days (administrators). After the end they count from today. Code subscription_over (409): the promise was taken back."""
    row = _found(request, pk, "renew")
    sent = body(request, shapes.RenewIn)
    days.renew(subscription=row, days=sent["days"], by=person(request), note=sent["note"])
    return Response(_one(row.pk))
