"""Connections to the tests' database besides the test's own."""

from django.db import connection


def database_clients() -> set[int]:
    """Return the process ids of PostgreSQL's ends of them; those that are there when a test begins are an earlier test's."""
    with connection.cursor() as cursor:
        cursor.execute(  # an autovacuum worker is nobody's connection
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return {pid for (pid,) in cursor.fetchall()}
