"""Let an answer take the same time whatever was found, so that nobody learns by a clock what the words do not say."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

LEAST = 0.1  # seconds; what is done inside takes a tenth to a third of it


@contextmanager
def evenly(seconds: float = LEAST) -> Iterator[None]:
    """Leave the block no sooner than so long after it was entered, also by an exception. The wait holds no connection to the database."""
    ends_at = time.monotonic() + seconds
    try:
        yield
    finally:
        if not connection.in_atomic_block:
            connection.close()
        time.sleep(max(0, ends_at - time.monotonic()))
