"""Revisions after a restore: agents know revisions that the database has not given yet, so the numbers jump ahead."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest

from tunnels.models import Gateway, Tunnel


@transaction.atomic
def raise_revisions(now: datetime) -> None:
    """Give each gateway and its tunnels a revision above any that an agent may have heard.

    Seconds since 1970: one revision a second for years would be needed to reach it, and a second restore of the same
    backup gives another number. Until an agent follows it, its reports move no tunnel.
    """
    # Tunnels are locked before gateways, as where a report is taken.
    list(Tunnel.objects.live().select_for_update().order_by("pk").values_list("pk"))
    for gateway in Gateway.objects.select_for_update().order_by("pk"):
        revision = Greatest(F("revision") + 1, Value(int(now.timestamp())))
        Gateway.objects.filter(pk=gateway.pk).update(revision=revision)
        gateway.refresh_from_db(fields=["revision"])
        Tunnel.objects.live().filter(gateway=gateway).update(wanted_revision=gateway.revision)


def ask_again(holder: UUID) -> None:
    """Find out again whether the holder's services answer."""
    Tunnel.objects.live().filter(holder=holder).update(answered_at=None)
