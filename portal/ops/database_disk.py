"""Find out whether PostgreSQL has room to write, now and then: on a full disk reading goes on for long."""

from time import monotonic

from django.db import DatabaseError, connection, transaction
from psycopg import errors as postgres

RETRY_SECONDS = 10.0  # between two tries to write, however many probes come
# Makes PostgreSQL write some 2 MB into its folder of temporary files, and throw them away: no row, no table, nothing to clean up.
SPILL = "SELECT count(*) FROM (SELECT n, repeat('x', 100) FROM generate_series(1, 15000) n ORDER BY 2, 1 DESC OFFSET 0) rows"


class DatabaseDisk:
    """A check that PostgreSQL has room to write. On a full disk reading goes on for long."""

    def __init__(self) -> None:
        self.full, self.tried_at = False, float("-inf")  # on the monotonic clock

    def is_full(self) -> bool:
        if monotonic() >= self.tried_at + RETRY_SECONDS:
            self.full, self.tried_at = not can_spill(), monotonic()
        return self.full


def can_spill() -> bool:
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '64kB'")
            cursor.execute(SPILL)
    except DatabaseError as error:
        if not isinstance(error.__cause__, postgres.DiskFull):
            raise
        return False
    return True
