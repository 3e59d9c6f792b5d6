"""The database is empty again after a test that commits.

Django's way is `flush`: it truncates every table and then makes all content types and permissions anew. Here only the tables
that have rows lose them, and what `migrate` has put into its own tables stays.
"""

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

KEPT_BY_TRIGGERS = {"accounts_auditrow"}  # of which nothing can be deleted while they are on (docs/adr/0092)
OF_MIGRATE = {"django_migrations", "django_content_type", "auth_permission"}


def use() -> None:
    """Empty the tables this way from now on, instead of by `flush`."""
    TransactionTestCase._fixture_teardown = _teardown  # type: ignore[attr-defined]


def _teardown(case: TransactionTestCase) -> None:
    for name in case._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
        empty(connections[name])


def empty(connection: BaseDatabaseWrapper) -> None:
    """Delete all rows but those of `migrate`. Foreign keys are checked at the end of the transaction, so any order will do."""
    quote = connection.ops.quote_name
    with transaction.atomic(connection.alias), connection.cursor() as cursor:
        tables = sorted(set(connection.introspection.table_names(cursor)) - OF_MIGRATE)
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {quote(name)})" for name in tables)
        )
        for (name,) in cursor.fetchall():
            delete = f"DELETE FROM {quote(name)}"
            if name in KEPT_BY_TRIGGERS:
                alter = f"ALTER TABLE {quote(name)}"
                delete = f"{alter} DISABLE TRIGGER USER; {delete}; {alter} ENABLE TRIGGER USER"
            cursor.execute(delete)
