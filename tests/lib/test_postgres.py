"""A process that goes on while a migration changes a column's type goes on answering."""

from collections.abc import Iterator

import pytest
from django.db import NotSupportedError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

READ = "SELECT name FROM pets"
# Within DO, so that psycopg does not see it: another process migrates.
WIDEN = "DO $$ BEGIN ALTER TABLE pets ALTER COLUMN name TYPE varchar(20); END $$"


@pytest.fixture
def own(db: None) -> Iterator[BaseDatabaseWrapper]:
    """A connection with a prepared statement that is stale."""
    own = connection.copy()
    _ask(own, "CREATE TEMPORARY TABLE pets (name varchar(10))", "INSERT INTO pets VALUES ('Rex')", *[READ] * 5, WIDEN)
    yield own
    own.close()


def _ask(own: BaseDatabaseWrapper, *statements: str) -> None:
    with own.cursor() as cursor:
        for each in statements:
            cursor.execute(each)


def test_a_stale_plan_is_made_anew(own: BaseDatabaseWrapper) -> None:
    with own.cursor() as cursor:
        for _turn in range(6):  # prepared again on the way
            cursor.execute(READ)
            assert cursor.fetchall() == [("Rex",)]


def test_a_transaction_fails_once(own: BaseDatabaseWrapper) -> None:
    own.set_autocommit(False)
    with pytest.raises(NotSupportedError):
        _ask(own, READ)
    own.rollback()
    _ask(own, READ)


def test_what_postgresql_cannot_do_stays_an_error(own: BaseDatabaseWrapper) -> None:
    with pytest.raises(NotSupportedError):
        _ask(own, "SELECT name FROM pets GROUP BY name FOR UPDATE")
