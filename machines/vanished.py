"""Tell the owner of a machine that disappeared from the cluster, and keep what is left of its disk for them.

Its card stays in My machines until its owner dismisses it (Machine.dismissed_at).
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Notice
from accounts.notices import kinds, outbox
from machines import disk_images
from machines.models import Machine

KIND = "machine.vanished"


def register() -> None:
    """Make the kind of notice known. Nobody unsubscribes from the loss of their work."""
    label = gettext_lazy("Machines that disappeared from the cluster")
    kinds.register(kinds.Kind(KIND, label, mail_facts, "machines/vanished_mail"))


def note_loss(machine: Machine, now: datetime) -> None:
    """Keep what can still be downloaded for its owner, and write to them. Belongs into the transaction in which it is gone.

    Who had deleted it already, or may not sign in, is not written to.
    """
    disk_images.keep_what_is_left(machine, now)
    if machine.binned_at is None and machine.owner.is_active:
        about, channels = f"machine:{machine.pk}", (Notice.Channel.MAIL,)
        outbox.send(kind=KIND, to=machine.owner, about=about, holder=machine.pk, channels=channels, now=now)


def mail_facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail says; None once its owner has dismissed the card."""
    found = Machine.objects.missed().filter(pk=notice.holder) if notice.holder else Machine.objects.none()
    machine = found.with_parts().first()
    if machine is None:
        return None
    return {
        "subject": _("“%(name)s” is gone from the cluster") % {"name": machine.name},
        "machine": machine,
        "copy": disk_images.left_of([machine]).get(machine.pk),
        "page": settings.PORTAL_URL + reverse("machine", args=[machine.pk]),
    }
