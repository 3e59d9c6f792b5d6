"""Celery tasks: call one function."""

from celery import shared_task
from django.utils import timezone

from nodes.files import file_store, photos
from nodes.subscriptions import promises
from nodes.teams import team


@shared_task
def tidy_files() -> None:
    photos.forget(now := timezone.now())
    file_store.sweep(now)
    team.forget()


@shared_task
def follow_subscriptions() -> None:
    promises.follow(timezone.now())
