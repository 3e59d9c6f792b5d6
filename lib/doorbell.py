"""Wake a worker after the transaction. Nothing depends on the message: the sweep finds every unsettled row again."""

import logging
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from lib import logs, seldom

log = logging.getLogger(__name__)


LAST = 9  # the lowest priority: Redis hands out 0 before 9


def ring(task: str, *ids: Any, slow: bool = False) -> None:
    """Send task(*ids) once the open transaction has been committed. If Redis does not answer, that is only logged.

    `slow` gives the task the lowest priority, because it occupies a worker for long.
    """
    # The task carries the id of the request that sent it, so that the worker's log lines can be found by it.
    headers = {"request": asked} if (asked := logs.known("request")) else {}
    transaction.on_commit(partial(_send, task, tuple(str(i) for i in ids), headers, LAST if slow else 0), robust=True)


def _send(task: str, ids: tuple[str, ...], headers: dict[str, str], priority: int) -> None:
    # Only now: Celery costs 8 MB of a process that never rings, as live is one.
    from kombu.exceptions import OperationalError

    app = import_string(settings.DOORBELL_APP)
    try:
        app.send_task(task, args=ids, headers=headers, retry=False, expires=60, priority=priority)
    except (OperationalError, OSError) as error:
        seldom.warning(log, f"doorbell {task}", "doorbell %s%s not heard: %s", task, ids, error, memory=seldom.OWN)
