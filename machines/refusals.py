"""Sentences for what the cloud refuses: what is wrong, and what to do about it. The cloud's own words are for staff."""

from typing import Any

from django.utils.translation import gettext_noop as _

import catalog.actions
from cloud.contract import Cause, CloudGone, CloudRefused
from lib.notes import Note
from machines.models import Machine
from machines.states import Refused

REFUSED = _("The cluster does not allow this. Tell your teacher: an administrator can see the reason.")
_GONE = _("What it is made of is no longer on the cluster. Delete this machine and launch one from another template.")
_SIZE_GONE = _(
    "The cluster no longer has the size “%(size)s”. Delete this machine and launch one from another template; tell your teacher."
)
_NOT_READY = _(
    "The system “%(image)s” is not ready on the cluster. Try again in some minutes; if it stays so, tell your teacher."
)
_TOO_SMALL = _(
    "The size “%(size)s” (%(ram)s MiB of memory, %(disk)s GiB of disk) is too small for the system “%(image)s”. "
    "Delete this machine and launch one from another template; tell your teacher."
)
_FORBIDDEN = _(
    "The cluster does not let Minga do this. Nothing of yours is lost: an administrator must mend it (check_cloud says how), then try again."
)
_BY_CAUSE = {
    Cause.IMAGE_GONE: _GONE,
    Cause.IMAGE_NOT_READY: _NOT_READY,
    Cause.SIZE_GONE: _SIZE_GONE,
    Cause.SIZE_TOO_SMALL: _TOO_SMALL,
    Cause.FORBIDDEN: _FORBIDDEN,
}
_OF_CATALOG = (Cause.IMAGE_GONE, Cause.IMAGE_NOT_READY, Cause.SIZE_GONE, Cause.SIZE_TOO_SMALL)

FOR_ADMINS = (Refused.RESCUE, Refused.MOVE)  # only administrators ask for these, so only they need to see the refusal
SEEN: dict[str, Any] = {"refused": Refused.NONE, "refused_note": {}}


def kept(what: Refused, text: str) -> dict[str, Any]:
    """Return the columns that keep a refusal until it was seen, or until the same is asked again."""
    return {"refused": what, "refused_note": Note(text).as_json()}


def note(machine: Machine, error: CloudGone | CloudRefused) -> Note:
    """Return cause and cure of a refusal. Where an image or a size is the reason, it is looked at again at once, so that nobody else tries."""
    if error.cause in _OF_CATALOG:
        catalog.actions.ask_again()
    if error.cause not in _BY_CAUSE:
        return Note(REFUSED)
    image, flavor = machine.template.image, machine.template.flavor
    numbers = {"ram": flavor.ram_mb, "disk": flavor.disk_gb}
    return Note(_BY_CAUSE[error.cause], {"image": image.name, "size": flavor.name, **numbers})
