"""Celery tasks for what concerns more than one app."""

import logging

from celery import shared_task
from django.utils import timezone

from accounts import addresses, device_codes, failures, limits, once, tokens, writes
from accounts.notices import outbox
from catalog.actions import look_again
from cloud.contract import CloudError
from lib import seldom
from machines import cloud_identity

log = logging.getLogger(__name__)


@shared_task
def look_at_catalog() -> None:
    """List the images and sizes of the machines' own cloud; another's would mark all of them as gone."""
    try:
        look_again(cloud_identity.opened())
    except CloudError as error:
        seldom.warning(log, "the catalog", "the catalog stays as it was: %s", error)


@shared_task
def forget_addresses() -> None:
    """Delete what no longer counts: addresses, failed sign-ins, tokens and device codes that ended, writes of a minute ago, old notices."""
    for rows in (addresses, limits, tokens, device_codes, writes, outbox):
        rows.forget(timezone.now())


@shared_task
def forget_failures() -> None:
    failures.forget(timezone.now())


@shared_task
def forget_once_keys() -> None:
    once.forget_old(timezone.now())
