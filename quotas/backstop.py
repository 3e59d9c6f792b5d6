"""The cloud's own quota for a person: never less than their limits here, so that it stops only what went wrong.

Allowance.told has the quota that the cloud was given last. A launch sends only a changed one, so most launches send none.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Func, Q, Sum, TextField, Value
from django.utils import timezone

from accounts.models import User
from cloud.contract import Cloud, Owner, Quota, tenant_project
from quotas.models import Allowance, Grant

_FIELDS = {"machines": "servers", "vcpus": "vcpus", "ram_mb": "ram_mb"}


def owner_of(user: User) -> Owner:
    """Return the person as the cloud knows them, with the sum of their live grants as the quota. Costs two queries."""
    limits = Grant.objects.of(user).live(timezone.now()).aggregate(**{m: Sum(m, default=0) for m in _FIELDS})
    tenant = Allowance.objects.filter(user=user).values_list("tenant", flat=True).first() or ""
    return Owner(str(user.uuid), user.username, Quota(**{_FIELDS[m]: limits[m] for m in _FIELDS}), tenant)


def project_of(user: User) -> str:
    """Return the project in which the person's servers are made, as last known; '' if it is not known yet."""
    return tenant_project(Allowance.objects.filter(user=user).values_list("tenant", flat=True).first() or "")


def owners_of(projects: Iterable[str]) -> dict[str, User]:
    """Return the people in whose projects servers are made, by project; without those that are nobody's. One query."""
    found = Allowance.objects.alias(
        project=Func("tenant", Value(":"), 1, function="split_part", output_field=TextField())
    )
    rows = found.filter(project__in=set(projects) - {""}).select_related("user")
    return {tenant_project(row.tenant): row.user for row in rows}


def send_quota(user: User, owner: Owner, cloud: Cloud) -> None:
    """Set the person's quota in the cloud where it changed. Does nothing without a tenant, which is created with its quota."""
    sent = _sent(user)
    if sent == {} or sent == _as_json(owner.quota):
        return
    cloud.ensure_quota(owner)
    remember(user, owner)


def remember(user: User, owner: Owner) -> None:
    """Record that the cloud has this quota now, and where the tenant is (owner.tenant)."""
    quota = _as_json(owner.quota)
    Allowance.objects.filter(user=user).exclude(told=quota, tenant=owner.tenant).update(told=quota, tenant=owner.tenant)


def take_tenant(user: User, owner: Owner, cloud: Cloud) -> None:
    """Note a tenant that was made without a launch (owner.tenant), and see that it has the person's quota."""
    if not owner.tenant:
        return
    Allowance.objects.get_or_create(user=user)
    if _sent(user) != _as_json(owner.quota):
        cloud.ensure_quota(owner)
    remember(user, owner)


def send_rules(user: User, owner: Owner, cloud: Cloud) -> None:
    """Bring the tenant's firewall rules in line with the settings. The cloud is not called where nothing has changed."""
    tenant = cloud.ensure_rules(owner)
    if tenant and tenant != owner.tenant:
        Allowance.objects.filter(user=user).update(tenant=tenant)


def mark_unknown(user: User) -> None:
    """Forget which quota the cloud was given, because it answered with another one: the next launch sends it again."""
    Allowance.objects.filter(user=user).update(told=None)


def forget(user: User) -> None:
    """Record that the person has no tenant any more."""
    Allowance.objects.filter(user=user).update(told={}, tenant="")


def due_for_check(now: datetime, pause: timedelta, most: int) -> list[User]:
    """Return at most `most` people with a tenant whose last check is `pause` ago, the longest first, and count them as checked."""
    due = Q(looked_at__isnull=True) | Q(looked_at__lt=now - pause)
    rows = Allowance.objects.filter(due).exclude(told={}).select_related("user")
    found = list(rows.order_by(F("looked_at").asc(nulls_first=True), "pk")[:most])
    Allowance.objects.filter(pk__in=[row.pk for row in found]).update(looked_at=now)
    return [row.user for row in found]


def give_back_turns(users: Iterable[User]) -> None:
    """Put these people first in due_for_check again: they could not be checked after all."""
    Allowance.objects.filter(user__in=users).update(looked_at=None)


def _sent(user: User) -> dict[str, int] | None:
    """Return the quota that the cloud was given. {}: there is no tenant. None: there is one, and its quota is unknown."""
    row = Allowance.objects.filter(user=user).values_list("told").first()
    return row[0] if row else {}


def _as_json(quota: Quota | None) -> dict[str, int]:
    return {name: getattr(quota, name) for name in _FIELDS.values()} if quota else {}
