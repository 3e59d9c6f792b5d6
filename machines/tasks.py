"""Shells that a worker runs: take ids, load, call one function."""

from celery import shared_task
from django.utils import timezone

from cloud import open_cloud
from machines import actions, tenants
from machines.strays import remove_strays
from machines.sweep import tick


@shared_task
def advance(pk: str) -> None:
    actions.step(pk, open_cloud())


@shared_task
def sweep() -> None:
    tick(open_cloud())


@shared_task
def tidy() -> None:
    remove_strays(open_cloud(), timezone.now())


@shared_task
def tidy_tenants() -> None:
    tenants.tidy(open_cloud(), timezone.now())
