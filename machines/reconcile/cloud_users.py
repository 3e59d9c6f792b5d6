"""People's cloud users: made when they ask, switched off and deleted with their account, never made twice.

Each turn asks the cloud for what a row says, and notes what it did. If the worker dies in between, the next turn finds the user by
its name.
"""

import logging
from dataclasses import replace
from datetime import datetime

from django.conf import settings

import quotas.backstop
from accounts.cloud_users import settling
from accounts.cloud_users.sealed_passwords import unseal
from accounts.failures import Failures
from accounts.models import CloudUser
from cloud.contract import Cloud, CloudError, CloudGone, CloudRefused, UserSpec
from lib.claims import claimed
from machines.models import CloudWatch

log = logging.getLogger(__name__)
LOOP = "cloud users"  # of accounts.failures
MOST = 20  # people in one turn; each costs some calls of Keystone


def follow(cloud: Cloud, now: datetime) -> None:
    """Bring the cloud's users in line with the rows. One row that fails does not hold up the others."""
    if CloudWatch.is_held():
        return  # older rows do not say who has left, or who has such a user
    due = CloudUser.objects.due(now)
    if not due.exists() or _is_another_worker_busy(now):
        return
    failures = Failures(LOOP, now).read()
    waiting = due.exclude(pk__in=failures.resting).order_by("-asked_at", "pk").values_list("pk", flat=True)
    for pk in waiting[:MOST]:
        with failures.at(pk, busy=(CloudError,)):
            _follow_one(pk, cloud, now)
        if failures.is_enough:  # the others keep their turn for when the cloud is well
            return


def _is_another_worker_busy(now: datetime) -> bool:
    """Say whether another worker has claimed a row: a Keystone that hangs may keep one worker busy, not all."""
    return CloudUser.objects.filter(claimed_until__gt=now).exists()


def _follow_one(pk: int, cloud: Cloud, now: datetime) -> None:
    with claimed(CloudUser.objects.all(), pk, settings.CLAIM_SECONDS) as row:
        if row is None:
            return
        try:
            if row.ended_at or row.user.removed_at:
                _end(row, cloud)
            else:
                _keep(row, cloud, now)
        except CloudRefused as error:
            settling.refused(row, str(error))
            raise


def _end(row: CloudUser, cloud: Cloud) -> None:
    cloud.ensure_user_gone(quotas.backstop.owner_of(row.user), _spec(row))
    settling.gone(row)
    log.info("cloud user %s is gone", row.name)


def _keep(row: CloudUser, cloud: Cloud, now: datetime) -> None:
    """Make the user, or switch it on or off with the account. One that an operator switched off stays off until the account changes."""
    is_enabled = row.user.is_active
    # A new password waits while its person is blocked: one that nobody can open must not keep the user on.
    password = unseal(row.sealed_password) if row.sealed_password and is_enabled else ""
    is_unknown = not row.subject or is_enabled != row.is_enabled
    wish = replace(_spec(row), password=password, enabled=is_enabled if is_unknown else None)
    owner = quotas.backstop.owner_of(row.user)
    try:
        made = cloud.ensure_user(owner, wish)
    except CloudGone:  # deleted by an operator
        return settling.gone(row)
    quotas.backstop.take_tenant(row.user, replace(owner, tenant=made.tenant), cloud)
    settling.made(row, made, is_enabled=is_enabled, now=now)


def _spec(row: CloudUser) -> UserSpec:
    return UserSpec(row.name, row.subject, domain=settings.KEYSTONE_USERS_DOMAIN)
