"""Wakes a worker after the transaction. Nothing depends on it being heard: the sweep finds every unsettled row again."""

import logging
from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from lib import logs

log = logging.getLogger(__name__)


def ring(task: str, *ids: Any) -> None:
    """Send task(*ids) once the transaction that is open here has been committed. A Redis that is away is only logged."""
    # The task carries the request that asked for it, so that the worker's lines can be found by that.
    headers = {"request": asked} if (asked := logs.known("request")) else {}
    transaction.on_commit(partial(_send, task, tuple(str(i) for i in ids), headers), robust=True)


def _send(task: str, ids: tuple[str, ...], headers: dict[str, str]) -> None:
    try:
        current_app.send_task(task, args=ids, headers=headers, retry=False, expires=60)
    except (OperationalError, OSError) as error:
        log.warning("doorbell %s%s not heard: %s", task, ids, error)
