"""People's projects in the cloud: their quota follows what somebody may keep; they are deleted long after somebody left."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

import quotas.backstop
from accounts.failures import Failures
from accounts.models import CloudUser, User
from cloud.contract import Cloud, CloudError
from machines.models import CloudWatch, Machine
from machines.states import State

log = logging.getLogger(__name__)
LOOP = "tenants"  # of accounts.failures

PAUSE_SECONDS = 3600.0  # between two looks at one person, or EMPTY_PROJECT_SECONDS where that is less
MOST = 5  # people looked at in one run: one call of the cloud each, and more when the settings' rules have changed


def tidy(cloud: Cloud, now: datetime) -> None:
    """Look at those whose turn it is. One with whom it goes wrong is left for later, and stops nobody else."""
    if CloudWatch.is_held():
        return None  # older rows say nothing of who has left
    pause = timedelta(seconds=min(PAUSE_SECONDS, settings.EMPTY_PROJECT_SECONDS))
    failures = Failures(LOOP, now).read()
    users = quotas.backstop.due_for_check(now, pause, MOST)
    for place, user in enumerate(users):
        with failures.at(user.pk, busy=(CloudError,)):
            _tidy_one(user, cloud, now)
        if failures.is_enough:  # the others keep their turn for when the cloud is well
            return quotas.backstop.give_back_turns(users[place + 1 :])


def _tidy_one(user: User, cloud: Cloud, now: datetime) -> None:
    owner = quotas.backstop.owner_of(user)
    if not _has_left(user, now):
        quotas.backstop.send_quota(user, owner, cloud)
        return quotas.backstop.send_rules(user, owner, cloud)
    cloud.ensure_owner_gone(owner)
    quotas.backstop.forget(user)
    log.info("the empty tenant of %s was taken away", user.username)


def _has_left(user: User, now: datetime) -> bool:
    if CloudUser.objects.kept().filter(user=user).exists():  # it is what they see in Horizon
        return False
    lately = Q(gone_at__gte=now - timedelta(seconds=settings.EMPTY_PROJECT_SECONDS))
    return not Machine.objects.filter(~Q(state=State.GONE) | lately, owner=user).exists()
