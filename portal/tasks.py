"""Celery tasks for what concerns more than one app."""

import logging

from celery import shared_task
from django.utils import timezone

from accounts import addresses, device_codes, failures, limits, once, sign_up, tokens, writes
from accounts.audit import trail
from accounts.browsers import browser_sessions
from accounts.notices import outbox
from catalog.actions import look_again
from cloud.contract import CloudError
from lib import seldom
from machines import carried_machines, cloud_identity, emptied_nodes
from machines.launches_under_way import must_wait
from nodes.hypervisors import looks, scheduling_weights, silence
from portal.dashboard import coming_week, day_counts
from portal.ops import cloud_check

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
    """Delete what no longer counts, and what is too old to be kept."""
    for rows in (addresses, browser_sessions, sign_up, limits, tokens, device_codes, writes, outbox, trail):
        rows.forget(timezone.now())


@shared_task
def forget_failures() -> None:
    failures.forget(timezone.now())


@shared_task
def forget_once_keys() -> None:
    once.forget_old(timezone.now())


@shared_task
def take_stock() -> None:
    """Keep for the dashboard the counts of today."""
    day_counts.count_days(timezone.now())


@shared_task
def watch_nodes() -> None:
    """Look at the computers of the cluster, unless launches go first."""
    now = timezone.now()
    if not emptied_nodes.waits_for_looks(now) and must_wait("computers", now):
        return
    try:
        cloud = cloud_identity.opened()
        hosts, before = cloud.hosts(), silence.unheard().keys()
        looks.look(hosts, now)
        scheduling_weights.settle(cloud, hosts, now)
        carried_machines.tell_pages(before ^ silence.unheard().keys())
    except CloudError as error:
        seldom.warning(log, "the computers", "the list of computers stays as it was: %s", error)


@shared_task
def watch_loads() -> None:
    """Ask the computers of the cluster how busy they are, unless launches go first."""
    if must_wait("loads", timezone.now()):
        return
    try:
        looks.note_loads(cloud_identity.opened().loads())
    except CloudError as error:
        seldom.warning(log, "the loads", "the loads of computers stay as they were: %s", error)


@shared_task
def work_out_week() -> None:
    coming_week.work_out(timezone.now())


@shared_task
def check_cloud() -> None:
    cloud_check.run_if_asked(timezone.now())
