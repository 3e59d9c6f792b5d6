"""The machines that somebody teaches with, or administers: found by their pages."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from machines.models import Machine
from portal import access
from portal.signed_in import SignedIn


def find(request: SignedIn, pk: UUID, verb: str = "watch") -> Machine:
    """Return the machine; 404 for whoever has nothing to do with it, 403 for whoever may not do `verb` to it."""
    row: Machine = get_object_or_404(access.in_care_of(request.user).with_parts(), pk=pk)
    if refusal := access.why_not(request.user, verb, row):
        raise PermissionDenied(str(refusal))
    return row
