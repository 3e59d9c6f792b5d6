"""Celery tasks: call one function."""

from celery import shared_task
from django.utils import timezone

from nodes.files import file_store, photos
from nodes.months import month_mails
from nodes.subscriptions import bonuses, promises
from nodes.teams import team


@shared_task
def tidy_files() -> None:
    photos.forget(now := timezone.now())
    file_store.sweep(now)
    team.forget()


@shared_task
def follow_subscriptions() -> None:
    promises.follow(timezone.now())


@shared_task
def follow_months() -> None:
    bonuses.follow(now := timezone.now())  # first: the mails tell of them
    month_mails.follow(now)
