"""Celery tasks: call one function."""

from celery import shared_task
from django.utils import timezone

from nodes.files import file_store, photos


@shared_task
def tidy_files() -> None:
    photos.forget(now := timezone.now())
    file_store.sweep(now)
