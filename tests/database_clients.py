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


def count_of_waiting() -> int:
    """Return how many connections to this database wait for a lock: other workers have theirs on the same server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees what it saw first
        cursor.execute(
            "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
        )
        return int(cursor.fetchone()[0])
