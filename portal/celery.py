"""Celery: wakes a worker, at once or by the timetable. The database remembers what there is to do."""

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
# Celery would close the whole pool of connections after each task: to open it again costs more than most tasks take.
# A worker keeps its connection instead, until it breaks (below).
app.conf["CELERY_DB_REUSE_MAX"] = 10**9


@app.on_after_configure.connect
def _set_timetable(sender: Celery, **_facts: Any) -> None:
    """Hand beat its timetable once the settings may be read: this module is imported before them."""
    sender.conf.beat_schedule = timetable()


def timetable() -> dict[str, dict[str, Any]]:
    """Return what beat sends, and how often."""
    catalog, idle, sample = settings.CATALOG_SECONDS, settings.IDLE_SWEEP_SECONDS, settings.IDLE_SAMPLE_SECONDS
    return {
        # The tick is cheap; the sweep itself decides from its row whether a list is due.
        "sweep": _every(0.5, "machines.tasks.sweep", expires=2),
        # Images and sizes come and go by hand. Two short lists; a card whose image is gone is grey within a minute.
        "catalog": _every(catalog, "portal.tasks.look_at_catalog", expires=catalog),
        # Who may wake sleeping machines by connecting: an owner's new address counts at once, a class-mate's from here.
        "let_knock": _every(120, "machines.tasks.let_knock", expires=60),
        "forget_once_keys": _every(300, "portal.tasks.forget_once_keys", expires=200),
        "forget_addresses": _every(3600, "portal.tasks.forget_addresses", expires=600),
        "forget_failures": _every(3600, "portal.tasks.forget_failures", expires=600),
        # Cheap while nothing is due; mails and lines have their own turns, so that neither waits for the other.
        "send_notices": _every(5, "accounts.tasks.send_notices", expires=4),
        "write_lines": _every(5, "machines.tasks.write_lines", expires=4),
        # One small query while no key waits. Most are put in by the message that comes with the ask.
        "change_keys": _every(5, "machines.tasks.change_keys", expires=4),
        # One small query while nobody asked for many machines at once.
        "bulk": _every(5, "machines.tasks.carry_out_bulk", expires=4),
        "tidy": _every(30, "machines.tasks.tidy", expires=20),
        # One small query while no machine's setup runs.
        "first_boots": _every(5, "machines.tasks.watch_first_boots", expires=4),
        "tidy_tenants": _every(60, "machines.tasks.tidy_tenants", expires=40),
        "idle": _every(idle, "machines.tasks.idle", expires=0.8 * idle),
        "sample": _every(sample, "machines.tasks.sample", expires=0.8 * sample),
        **_for_accounts(),
        **_for_donors(),
        **_for_the_dashboard(),
    }


def _for_accounts() -> dict[str, dict[str, Any]]:
    return {
        # A deactivated account shuts its ports, a machine that does not run its ssh: five small queries while nothing has changed.
        "follow_accounts": _every(5, "machines.tasks.follow_accounts", expires=4),
        # One small query while nobody asked for a Horizon account, and no account of one who has it changed.
        "cloud_users": _every(10, "machines.tasks.follow_cloud_users", expires=8),
    }


def _for_donors() -> dict[str, dict[str, Any]]:
    return {
        # A few small queries while no subscription starts, ends or is due for a reminder.
        "follow_subscriptions": _every(60, "nodes.tasks.follow_subscriptions", expires=40),
        # One small query while no node is to be empty.
        "empty_nodes": _every(10, "machines.tasks.empty_nodes", expires=8),
        # Two queries while every donor was told of the last month, and no thousand hours are full.
        "follow_months": _every(1800, "nodes.tasks.follow_months", expires=900),
        # Photos of forms that were never sent, and files that nothing needs any more.
        "note_carried": _every(300, "machines.tasks.note_carried", expires=200),
        "tidy_files": _every(600, "nodes.tasks.tidy_files", expires=300),
    }


def _for_the_dashboard() -> dict[str, dict[str, Any]]:
    return {
        "take_stock": _every(60, "portal.tasks.take_stock", expires=40),
        # Two lists of the cloud, so that a node that falls silent is seen within a minute.
        "watch_nodes": _every(20, "portal.tasks.watch_nodes", expires=15),
        # The cloud asks each computer.
        "watch_loads": _every(300, "portal.tasks.watch_loads", expires=200),
        # Of ten thousand machines it takes a worker a second or two.
        "work_out_week": _every(120, "portal.tasks.work_out_week", expires=80),
        # One small update. Mostly the message that comes with the press has been heard already.
        "check_cloud": _every(15, "portal.tasks.check_cloud", expires=10),
    }


def _every(seconds: float, task: str, *, expires: float) -> dict[str, Any]:
    """Return a row of the timetable. A worker leaves out a message that is older than `expires` seconds."""
    return {"task": task, "schedule": seconds, "options": {"expires": expires}}


@signals.setup_logging.connect
def _logs_as_the_site(**_facts: Any) -> None:
    """Set up the site's logs. A receiver of this signal keeps Celery from its own set-up; so LOG_LEVEL counts, not --loglevel."""
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)


@signals.task_prerun.connect
def _say_what_it_is_about(task: Any, **_facts: Any) -> None:
    """Add the task and the request that sent it (see lib.doorbell) to the log lines, also to that of a failure."""
    logs.begin(request=task.request.get("request"), task=task.name)


@signals.task_postrun.connect
def _say_no_more(**_facts: Any) -> None:
    logs.begin()


@signals.task_postrun.connect
def _drop_a_broken_connection(**_facts: Any) -> None:
    """Close broken connections. The next task gets another one from the pool, which checks each before it lends it."""
    for connection in connections.all(initialized_only=True):
        if connection.errors_occurred:
            connection.close()
