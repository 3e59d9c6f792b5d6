"""The first steps of every API view: find the row for this person, check the form of what was sent."""

from typing import Any, cast
from uuid import UUID

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from accounts.models import User
from machines.models import Machine
from portal import access


def person(request: Request) -> User:
    """Return who asks. Signed-out people were turned away before."""
    return cast("User", request.user)


def machine(request: Request, pk: UUID, verb: str = "") -> Machine:
    """Return the machine; 404 for whoever may not know of it. Raises Forbidden for whoever may not do `verb` to it."""
    who = person(request)
    row: Machine = get_object_or_404(access.visible(who, Machine).with_parts(), pk=pk)
    if verb:
        access.require(who, verb, row)
    return row


def body(request: Request, kind: type[Serializer[Any]], **options: Any) -> dict[str, Any]:
    """Return what was sent, in `kind`'s form. Raises ValidationError with the field's name."""
    serializer = kind(data=request.data, **options)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
