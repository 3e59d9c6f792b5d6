"""The mail to a donor whose words an administrator took off the wall of thanks, with the reason."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Notice, WallThanks
from accounts.notices import kinds
from nodes import mails

TAKEN_OFF = "donation.words_off"


def register() -> None:
    """Make the kind of notices known."""
    label = gettext_lazy("Words that were taken off the wall of thanks")
    kinds.register(kinds.Kind(TAKEN_OFF, label, facts, "donating/words_off_mail", proves_address=True))


def tell(row: WallThanks, now: datetime) -> None:
    """Tell the donor whose place this is. Belongs into the transaction that takes the words off."""
    mails.send(TAKEN_OFF, row.donor, f"thanks:{row.pk}:{uuid.uuid4().hex[:12]}", now)


def facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail says; None where the donor is erased, or where words were taken off again: that mail says it."""
    pk = notice.about.split(":")[1]
    row = WallThanks.objects.select_related("donor__user").filter(pk=pk, donor__erased_at=None).exclude(taken_off="")
    place = row.first()
    later = Notice.objects.filter(kind=TAKEN_OFF, about__startswith=f"thanks:{pk}:", pk__gt=notice.pk)
    if place is None or later.exists():
        return None
    greeting = mails.greet(notice, place.donor)
    own = f"{greeting['page']}thanks/" if settings.THANKS_WALL else greeting["page"]
    return {
        "subject": _("Your words on the wall of thanks"), **greeting,
        "words": place.taken_off, "reason": place.reason, "is_on": place.is_on, "address": settings.DONATIONS_EMAIL, "own": own,
    }  # fmt: skip
