"""Celery tasks: take ids, load, call one function."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from celery import shared_task
from django.utils import timezone

from cloud import open_cloud
from cloud.contract import CloudBusy
from lib import seldom
from machines import (
    absent_owners,
    bulk_work,
    carried_machines,
    cloud_identity,
    deactivated_owners,
    disk_images,
    emptied_nodes,
    key_changes,
    key_work,
    lapsed_owners,
    portal_keys,
    ssh_ways,
    visitors,
)
from machines.idle import delivery, questions, signals
from machines.idle import enforce as idle_sweep
from machines.launches_under_way import must_wait
from machines.reconcile import cloud_users, moved_addresses, overlap, tenants
from machines.reconcile.strays import remove_strays
from machines.reconcile.sweep import tick
from machines.stepper import first_boot, worker
from nodes import donor_actions
from quotas import requests_for_more

log = logging.getLogger(__name__)


@contextmanager
def _patience(what: str) -> Iterator[None]:
    """Log a cloud that does not answer in one line: the task comes back by itself, so a trace each time would only be noise."""
    try:
        yield
    except CloudBusy as error:
        seldom.warning(log, what, "%s must wait: %s", what, error)


@shared_task
def advance(pk: str) -> None:
    worker.step(pk, open_cloud())


@shared_task
def sweep() -> None:
    tick(open_cloud())
    disk_images.ring(timezone.now())


@shared_task
def tidy() -> None:
    overlap.catch_up(timezone.now())
    key_changes.forget(timezone.now())
    portal_keys.tidy()
    bulk_work.forget(timezone.now())
    with _patience("tidying"):
        cloud = cloud_identity.opened()
        remove_strays(cloud, timezone.now())
        disk_images.tidy(cloud, timezone.now())


@shared_task
def tend_copies() -> None:
    with _patience("copying disks"):
        disk_images.tend(cloud_identity.opened(), timezone.now())


@shared_task
def watch_first_boots() -> None:
    with _patience("looking at first boots"):
        first_boot.tend(cloud_identity.opened(), timezone.now())


@shared_task
def tidy_tenants() -> None:
    if must_wait("tenants", now := timezone.now()):  # a launch sends its owner's quota itself
        return
    with _patience("tidying tenants"):
        tenants.tidy(cloud_identity.opened(), now)


@shared_task
def follow_cloud_users() -> None:
    with _patience("following cloud users"):
        cloud_users.follow(cloud_identity.opened(), timezone.now())


@shared_task
def let_knock(owner_id: str | None = None) -> None:
    visitors.follow(timezone.now(), owner_id=int(owner_id) if owner_id else None)


@shared_task
def follow_accounts() -> None:
    deactivated_owners.follow(timezone.now())
    absent_owners.follow(timezone.now())
    lapsed_owners.follow(timezone.now())
    requests_for_more.follow_removed()
    donor_actions.follow_erased()
    ssh_ways.follow()
    moved_addresses.follow(timezone.now())


@shared_task
def send_mails() -> None:
    """Do nothing: web and beat of 0.3 ring for it while an upgrade runs. Goes with 0.5."""


@shared_task
def write_lines() -> None:
    questions.settle(now := timezone.now())
    delivery.write_lines(now)


@shared_task
def change_keys() -> None:
    key_work.tend(timezone.now())


@shared_task
def carry_out_bulk() -> None:
    bulk_work.carry_out(timezone.now())


@shared_task
def idle() -> None:
    signals.gather(now := timezone.now())
    idle_sweep.tick(now)


@shared_task
def sample() -> None:
    with _patience("sampling load"):
        signals.sample(cloud_identity.opened(), timezone.now())


@shared_task
def empty_nodes() -> None:
    if not emptied_nodes.has_work():
        return
    with _patience("emptying nodes"):
        emptied_nodes.tick(cloud_identity.opened(), timezone.now())


@shared_task
def note_carried() -> None:
    carried_machines.note(timezone.now())
