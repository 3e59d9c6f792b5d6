"""Wakes a worker after the transaction. Nothing depends on it being heard: the sweep finds every unsettled row again."""

import logging
from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def ring(task: str, *ids: Any) -> None:
    """Send task(*ids) once the transaction that is open here has been committed. A Redis that is away is only logged."""
    transaction.on_commit(partial(_send, task, tuple(str(i) for i in ids)), robust=True)


def _send(task: str, ids: tuple[str, ...]) -> None:
    try:
        current_app.send_task(task, args=ids, retry=False, expires=60)
    except (OperationalError, OSError) as error:
        log.warning("doorbell %s%s not heard: %s", task, ids, error)
