"""A worker keeps its connections to the database between two tasks, until one breaks."""

import pytest
from celery.fixups.django import DjangoWorkerFixup
from django.db import OperationalError, connection

from portal.celery import _drop_a_broken_connection, app


def test_celery_leaves_the_connections_alone() -> None:
    """Celery's own way is to close the whole pool before and after each task."""
    fixup = DjangoWorkerFixup(app)
    closed: list[str] = []
    fixup._close_database = lambda: closed.append("closed")
    for _task in range(3):
        fixup.close_database()
    assert closed == []


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_well_is_kept() -> None:
    before = backend()
    _drop_a_broken_connection()
    assert backend() == before


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_broke_is_replaced_for_the_next_task() -> None:
    """PostgreSQL was started again, say."""
    before = backend()
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    _drop_a_broken_connection()
    assert backend() != before
