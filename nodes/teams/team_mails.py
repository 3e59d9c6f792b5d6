"""The mail that invites somebody to see what an organisation gave. Its link is made at delivery, and kept nowhere."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Notice, TeamInvitation
from accounts.notices import kinds, outbox

INVITED = "donation.team"
SIGNER = signing.TimestampSigner(salt="nodes.teams.team")


def register() -> None:
    """Make the kind of notices known."""
    label = gettext_lazy("Invitations to an organisation's team")
    kinds.register(kinds.Kind(INVITED, label, facts, "donating/team_mail", proves_address=True))


def send(row: TeamInvitation, now: datetime) -> None:
    """Mail an invitation. Belongs into the transaction that makes it."""
    about = f"team:{row.pk}:{uuid.uuid4().hex[:12]}"
    outbox.send(
        kind=INVITED, to=row.donor, about=about, channels=[Notice.Channel.MAIL], now=now, ends_at=row.expires_at
    )


def facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail says; None for an invitation that was taken back meanwhile."""
    row = TeamInvitation.objects.select_related("donor").filter(pk=notice.about.split(":")[1]).first()
    if row is None or row.donor.erased_at:
        return None
    organisation = row.donor.organisation
    return {
        "subject": _("See what %(organisation)s gave") % {"organisation": organisation},
        "organisation": organisation, "to": row.email, "link": link_of(row), "days": (row.expires_at - row.sent_at).days,
    }  # fmt: skip


def link_of(row: TeamInvitation) -> str:
    """Return the address at which an invitation is used."""
    return f"{settings.PORTAL_URL}{reverse('team-join', args=[SIGNER.sign_object(row.pk)])}"
