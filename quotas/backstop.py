"""The cloud's own limit for a person: never less than what they may keep here, so that it stops only what went wrong.

Allowance.told remembers what the cloud was told last. A launch tells it only what is new, so most launches tell nothing.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Q, Sum
from django.utils import timezone

from accounts.models import User
from cloud.contract import Cloud, Owner, Quota
from quotas.models import Allowance, Grant

_FIELDS = {"machines": "servers", "vcpus": "vcpus", "ram_mb": "ram_mb"}


def owner_of(user: User) -> Owner:
    """The person as the cloud knows them, with what their live grants let them keep: two queries."""
    limits = Grant.objects.of(user).live(timezone.now()).aggregate(**{m: Sum(m, default=0) for m in _FIELDS})
    tenant = Allowance.objects.filter(user=user).values_list("tenant", flat=True).first() or ""
    return Owner(str(user.uuid), user.username, Quota(**{_FIELDS[m]: limits[m] for m in _FIELDS}), tenant)


def tell(user: User, owner: Owner, cloud: Cloud) -> None:
    """Tell the cloud what it was not told yet. Nothing to do for a person without a tenant: it is made with its quota."""
    told = _told(user)
    if told == {} or told == _as_json(owner.quota):
        return
    cloud.ensure_quota(owner)
    remember(user, owner)


def remember(user: User, owner: Owner) -> None:
    """The cloud has this quota now, and so a tenant: where it is, is in owner.tenant."""
    told = _as_json(owner.quota)
    Allowance.objects.filter(user=user).exclude(told=told, tenant=owner.tenant).update(told=told, tenant=owner.tenant)


def keep_rules(user: User, owner: Owner, cloud: Cloud) -> None:
    """Bring what their tenant lets in and out to what the settings say now. No call where nothing has changed since."""
    tenant = cloud.ensure_rules(owner)
    if tenant and tenant != owner.tenant:
        Allowance.objects.filter(user=user).update(tenant=tenant)


def doubt(user: User) -> None:
    """The cloud said something else than we believe it was told: tell it again the next time."""
    Allowance.objects.filter(user=user).update(told=None)


def forget(user: User) -> None:
    """They have no tenant any more."""
    Allowance.objects.filter(user=user).update(told={}, tenant="")


def next_to_look_at(now: datetime, pause: timedelta, most: int) -> list[User]:
    """Those with a tenant who were not looked at for so long, the longest first; each is handed out once."""
    due = Q(looked_at__isnull=True) | Q(looked_at__lt=now - pause)
    rows = Allowance.objects.filter(due).exclude(told={}).select_related("user")
    found = list(rows.order_by(F("looked_at").asc(nulls_first=True), "pk")[:most])
    Allowance.objects.filter(pk__in=[row.pk for row in found]).update(looked_at=now)
    return [row.user for row in found]


def give_back_turns(users: Iterable[User]) -> None:
    """Let these come first in next_to_look_at: it handed them out, and nobody could look at them."""
    Allowance.objects.filter(user__in=users).update(looked_at=None)


def _told(user: User) -> dict[str, int] | None:
    """{}: no tenant. None: a tenant, and we do not know what it was told."""
    row = Allowance.objects.filter(user=user).values_list("told").first()
    return row[0] if row else {}


def _as_json(quota: Quota | None) -> dict[str, int]:
    return {name: getattr(quota, name) for name in _FIELDS.values()} if quota else {}
