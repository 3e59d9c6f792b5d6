"""Celery: the bell that wakes a worker. The database remembers what is to be done."""

import os
from typing import Any

from celery import Celery, signals
from django.conf import settings
from django.db import connections
from django.utils.log import configure_logging

from lib import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Celery would close the whole pool of connections after each task: to open it anew costs more than most tasks take.
# A worker keeps its connection instead, until it breaks (below).
app.conf["CELERY_DB_REUSE_MAX"] = 10**9


@signals.setup_logging.connect
def _logs_as_the_site(**_facts: Any) -> None:
    """Whoever listens here keeps Celery from setting up lines of its own; so LOG_LEVEL counts, not --loglevel."""
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)


@signals.task_prerun.connect
def _say_what_it_is_about(task: Any, **_facts: Any) -> None:
    """The request comes with the task: see lib.doorbell. Celery logs a failure before task_postrun, so that carries it, too."""
    logs.begin(request=task.request.get("request"), task=task.name)


@signals.task_postrun.connect
def _say_no_more(**_facts: Any) -> None:
    logs.begin()


@signals.task_postrun.connect
def _drop_a_broken_connection(**_facts: Any) -> None:
    """The next task gets another from the pool, which looks at each before it lends it."""
    for connection in connections.all(initialized_only=True):
        if connection.errors_occurred:
            connection.close()
