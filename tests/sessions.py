"""Sessions of the tests' database besides our own: PostgreSQL drops no database that somebody uses."""

import sys
import time

from django.db import connection

PATIENCE = 5.0  # seconds in which a thread that ends closes its own

_OTHERS = """
    SELECT pid, application_name, state, left(query, 300) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def end_others() -> None:
    """Wait for the others to end; then end them, and write to the terminal who they were, so that the test can be found."""
    ends_at = time.monotonic() + PATIENCE
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_OTHERS)
            others = cursor.fetchall()
            if not others or time.monotonic() > ends_at:
                break
            time.sleep(0.2)
        for pid, name, state, query in others:
            print(f"A test left a session of the database open: {name} ({state}): {query}", file=sys.__stderr__)
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
