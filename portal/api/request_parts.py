"""The first steps of every API view: find the row for this person, check the form of what was sent."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext_noop as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from accounts.models import User
from lib.notes import Refusal
from machines.models import Machine
from portal import access
from portal.api import filters


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
    if request.data is None:  # DRF says no more of it than “No data provided”
        raise ValidationError(serializer.error_messages["invalid"].format(datatype="null"))
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def time_of(request: Request, name: str) -> datetime | None:
    """Read a time from the query; None where nothing is said. Raises Refusal for anything else."""
    text = filters.text(request, name)
    if not text:
        return None
    try:
        found = parse_datetime(text.replace(" ", "+"))  # a + of an offset that was not escaped
    except ValueError:
        found = None
    if found is None or not is_aware(found) or not 1 < found.year < 9999:
        sentence = _("“%(name)s” is a time with its offset, such as 2027-03-01T00:00:00Z.")
        raise Refusal(sentence, {"name": name}, code="invalid", status=400)
    return found
