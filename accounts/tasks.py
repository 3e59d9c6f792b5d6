"""Celery tasks: load, call one function."""

from celery import shared_task
from django.utils import timezone

from accounts.notices import mail


@shared_task
def send_notices() -> None:
    mail.send_due(timezone.now())
