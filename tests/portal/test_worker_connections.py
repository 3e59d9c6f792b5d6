"""A worker keeps its connections to the database between two tasks."""

from celery.fixups.django import DjangoWorkerFixup

from portal.celery import app


def test_celery_leaves_the_connections_alone() -> None:
    """Its own way is to close the whole pool before and after each task."""
    fixup = DjangoWorkerFixup(app)
    closed: list[str] = []
    fixup._close_database = lambda: closed.append("closed")
    for _task in range(3):
        fixup.close_database()
    assert closed == []
