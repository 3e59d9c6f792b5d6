"""Donations of computers: offered by anybody, followed by their donors, taken through the states by administrators."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import emails, limits
from accounts.donors import donor_limits
from accounts.models import User
from nodes import actions, computer_numbers, donation_numbers, donor_actions
from nodes.donation_states import in_states
from nodes.models import Computer, Donation, StateChange
from nodes.states import State
from portal import access
from portal.api import donation_shapes as shapes
from portal.api import filters, lists
from portal.api import serializers as s
from portal.api.idempotency import once_per_key
from portal.api.paging import page
from portal.api.request_parts import body, person
from portal.api.terms_permission import SignedInOrOffers
from portal.request_facts import address_of

_REFUSED = dict.fromkeys((400, 403, 404, 409), s.Problem)


def _with_parts(rows: QuerySet[Donation]) -> QuerySet[Donation]:
    return rows.select_related("donor__user").prefetch_related("computers__donation", "computers__certificates")


def _found(request: Request, number: str, verb: str) -> Donation:
    """Return the donation of this number; 404 for whoever may not know of it. Raises Forbidden for whoever may not do `verb`."""
    pk = donation_numbers.read(number)
    if pk is None:
        raise Http404
    row: Donation = get_object_or_404(_with_parts(access.visible(person(request), Donation)), pk=pk)
    access.require(person(request), verb, row)
    return row


def _detail(request: Request, donation: Donation) -> Response:
    """Answer with a donation as it is now, and its events."""
    donation = _with_parts(Donation.objects.all()).get(pk=donation.pk)
    changes = StateChange.objects.filter(computer__donation=donation).select_related("computer", "by")
    donation.events = list(changes)  # type: ignore[attr-defined]  # for the shape
    context = {"for_staff": access.administers(person(request))}
    return Response(shapes.DonationDetailOut(donation, context=context).data)


@extend_schema(
    methods=["GET"],
    description="List donations. The newest first: your own, for administrators all.",
    parameters=[
        OpenApiParameter("state", str, description=f"{' '.join(shapes.DONATION_STATES)}; several with commas between."),
        OpenApiParameter("donor", str, description="A part of the donor's name, organisation or mail address."),
        *lists.PARAMETERS,
    ],
    responses={200: shapes.DonationOut(many=True), 400: s.Problem},
)
@extend_schema(
    methods=["POST"],
    description=(
        "Offer computers. Nobody needs an account for it: without one, the link in the mail leads to the donation, an Idempotency-Key is not "
        "looked at, and an offer that is sent twice is written down twice, which staff see. With one, the donation is yours at once where "
        "the mail address is yours. At most five an hour from one network address: then 429 with Retry-After."
    ),
    request=shapes.DonationIn,
    responses={201: shapes.MadeOut, **dict.fromkeys((400, 429), s.Problem)},
    auth=[{"token": []}, {"session": []}, {}],  # type: ignore[list-item]  # drf-spectacular hands it on as it is
)
@api_view(["GET", "POST"])
@permission_classes([SignedInOrOffers])
@once_per_key
def donations(request: Request) -> Response:
    """List donations, the newest first: your own, for administrators all; or offer computers, also without an account."""
    if request.method == "POST":
        return _offer(request)
    rows = access.visible(person(request), Donation)
    if states := filters.words(request, "state", shapes.DONATION_STATES):
        rows = in_states(rows, states)
    if text := filters.text(request, "donor"):
        found_in = ("name", "organisation", "email")
        rows = rows.filter(Q(*((f"donor__{name}__icontains", text) for name in found_in), _connector=Q.OR))
    found, headers = page(request, _with_parts(rows), "-pk")
    return lists.answer(request, shapes.DonationOut(found, many=True).data, headers)


def _offer(request: Request) -> Response:
    who = person(request) if request.user.is_authenticated else None
    sent = body(request, shapes.DonationIn, context={"who": who})
    by = who if who is not None and access.administers(who) else None  # who writes down what people bring
    if by is None:
        address = address_of(request._request)
        donor_limits.offer(address=address)
        limits.mail(address=address, email=sent["email"])
    offered = [actions.Offered(**each) for each in sent["computers"]]
    row = donor_actions.offer(
        who=_who(who, sent), computers=offered, handover=sent["handover"], message=sent["message"], by=by
    )
    return Response(shapes.MadeOut(row).data, status=201)


def _who(person: User | None, sent: dict[str, Any]) -> donor_actions.Who:
    """Return who offers. Theirs is only what they offer with their own, proven address."""
    own = emails.proven(person) if person else ""
    user = person if own and emails.key(own) == emails.key(sent["email"]) else None
    facts = {name: sent[name] for name in ("email", "name", "organisation")}
    return donor_actions.Who(**facts, user=user, language=get_language() or "")


@extend_schema(responses={200: shapes.DonationDetailOut, 404: s.Problem})
@api_view(["GET"])
def one(request: Request, number: str) -> Response:
    """Show a donation with its events."""
    return _detail(request, _found(request, number, "see"))


@extend_schema(request=shapes.StepIn, responses={200: shapes.DonationDetailOut, **_REFUSED})
@api_view(["POST"])
@once_per_key
def steps(request: Request, number: str) -> Response:
    """Take the computers of a donation, or one of them, a step further (administrators). All or none; what was declined is left out unless it is named.

    The donor's mail waits ten minutes, in which `batch` of the newest event takes the step back. Code out_of_order (409): another
    state came first.
    """
    row = _found(request, number, "step")
    sent = body(request, shapes.StepIn)
    grams = None if sent["kg"] is None else int(sent["kg"] * 1000)
    used_for = _computer(Computer.objects.all(), sent["used_for"], "used_for") if sent["used_for"] else None
    facts = {name: sent[name] for name in ("from_state", "note", "reason", "disks")} | {
        "grams": grams,
        "used_for": used_for,
    }
    actions.step(computers=_named(row, sent["computer"]), name=sent["step"], by=person(request), **facts)
    return _detail(request, row)


def _named(donation: Donation, number: str) -> list[Computer]:
    if number:
        return [_computer(donation.computers.all(), number, "computer")]
    return [each for each in donation.computers.all() if each.state != State.DECLINED] or list(donation.computers.all())


def _computer(rows: QuerySet[Computer], number: str, field: str) -> Computer:
    """Return the computer of this number among these. Raises BadInput at the field."""
    try:
        row = rows.filter(pk=computer_numbers.read(number)).first()
    except computer_numbers.BadNumber as refusal:
        raise actions.BadInput(refusal.note.text, field=field) from None
    if row is None:
        of_all, of_one = _("No computer has this number."), _("No computer of this donation has this number.")
        raise actions.BadInput(of_one if field == "computer" else of_all, field=field)
    return row


@extend_schema(responses={200: shapes.DonationDetailOut, **dict.fromkeys((403, 404, 409), s.Problem)})
@api_view(["DELETE"])
def undo(request: Request, number: str, batch: UUID) -> Response:
    """Take a step back within ten minutes, for all computers that it moved (administrators). Code not_undoable (409): too late, or something happened since."""
    row = _found(request, number, "step")
    if not StateChange.objects.filter(batch=batch, computer__donation=row).exists():
        raise Http404
    actions.undo(batch=batch, by=person(request))
    return _detail(request, row)


@extend_schema(request=shapes.ConfirmIn, responses={200: shapes.DonationDetailOut, **_REFUSED})
@api_view(["POST"])
@once_per_key
def confirm(request: Request, number: str) -> Response:
    """Say whether the list of what was received is right (its donor). Code nothing_to_confirm (409): something is still on its way."""
    row = _found(request, number, "confirm")
    sent = body(request, shapes.ConfirmIn)
    actions.confirm(donation=row, is_right=sent["right"], note=sent["note"])
    return _detail(request, row)
