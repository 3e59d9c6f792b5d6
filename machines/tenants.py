"""What the cloud keeps for a person: told when they may keep more or less, and taken away when they left long ago."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

import quotas.backstop
from accounts.models import User
from cloud.contract import Cloud, CloudBusy, CloudError
from lib import seldom
from machines import one_cloud
from machines.models import Machine
from machines.states import State

log = logging.getLogger(__name__)

PAUSE_SECONDS = 3600.0  # between two looks at one person, or EMPTY_PROJECT_SECONDS where that is less
MOST = 5  # people looked at in one run, each for one call of the cloud at most


def tidy(cloud: Cloud, now: datetime) -> None:
    """Look at those whose turn it is. A cloud that is busy ends the run; what it refuses is logged and left for an hour."""
    one_cloud.require(cloud)
    pause = timedelta(seconds=min(PAUSE_SECONDS, settings.EMPTY_PROJECT_SECONDS))
    for user in quotas.backstop.next_to_look_at(now, pause, MOST):
        try:
            _tidy_one(user, cloud, now)
        except CloudBusy as error:
            seldom.warning(log, "tenants", "the cloud is busy: %s", error)
            return
        except CloudError as error:
            log.error("the tenant of %s: %s", user.username, error)


def _tidy_one(user: User, cloud: Cloud, now: datetime) -> None:
    owner = quotas.backstop.owner_of(user)
    if not _has_left(user, now):
        return quotas.backstop.tell(user, owner, cloud)
    cloud.ensure_owner_gone(owner)
    quotas.backstop.forget(user)
    log.info("the empty tenant of %s was taken away", user.username)


def _has_left(user: User, now: datetime) -> bool:
    lately = Q(gone_at__gte=now - timedelta(seconds=settings.EMPTY_PROJECT_SECONDS))
    return not Machine.objects.filter(~Q(state=State.GONE) | lately, owner=user).exists()
