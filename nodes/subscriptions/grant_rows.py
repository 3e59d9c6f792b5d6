"""The grant of a subscription. Its end follows the ledger, in the same transaction; nothing else writes it."""

from datetime import datetime, timedelta

from django.utils.translation import gettext, override

from accounts.donors import donor_rows
from accounts.models import Donor, Subscription, User
from accounts.subscriptions import ledger
from nodes.models import Entitlement
from quotas.models import MEASURES, Grant

_LEAST = timedelta(seconds=1)  # of a grant: it ends after it starts


def begin(entitlement: Entitlement, subscription: Subscription, user: User) -> None:
    """Give the person of a locked subscription that has just started its amounts, and the role donor."""
    user, starts_at = donor_rows.give_role(user), subscription.starts_at or subscription.promised_at
    entitlement.grant = Grant.objects.create(
        user=user, source=Grant.Source.SUBSCRIPTION, reason=_reason(entitlement, subscription, user),
        starts_at=starts_at, ends_at=_end(subscription), **{m: getattr(entitlement, m) for m in MEASURES},
    )  # fmt: skip
    entitlement.save(update_fields=["grant"])


def follow(subscription: Subscription) -> None:
    """Move the grant of a locked subscription to the end that its ledger says. The grant of somebody who is gone stays ended."""
    if subscription.starts_at and subscription.holder and not subscription.is_of_nobody:
        Grant.objects.filter(entitlement__subscription=subscription).update(ends_at=_end(subscription))


def end(grant: Grant, now: datetime) -> None:
    """End a grant now."""
    Grant.objects.filter(pk=grant.pk, ends_at__gt=now).update(ends_at=max(now, grant.starts_at + _LEAST))


def part(donor: Donor, now: datetime) -> None:
    """End the grants of a donor who is erased and whose account stays, and let nothing tell by which computers they came."""
    for row in Subscription.objects.filter(donor=donor, entitlement__grant__isnull=False).order_by("pk"):
        ledger.locked(row.pk)
    grants = list(Grant.objects.filter(entitlement__subscription__donor=donor))
    for grant in grants:
        end(grant, now)
    Entitlement.objects.filter(grant__in=grants).update(grant=None)
    Grant.objects.filter(pk__in=[grant.pk for grant in grants]).update(reason="")


def _end(subscription: Subscription) -> datetime:
    if subscription.starts_at is None or subscription.ends_at is None:
        raise ValueError(f"{subscription} has not started.")
    return max(subscription.ends_at, subscription.starts_at + _LEAST)


def _reason(entitlement: Entitlement, subscription: Subscription, user: User) -> str:
    with override(user.mail_language):
        if entitlement.computer is None:
            return gettext("%(plan)s, by a code") % {"plan": subscription.shown_title}
        facts = {"plan": subscription.shown_title, "number": entitlement.computer.number}
        return gettext("%(plan)s, for your computer %(number)s") % facts
