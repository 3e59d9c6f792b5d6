"""The pool of database connections: recognise the error when none was free in time."""

from psycopg_pool import PoolTimeout, TooManyRequests


def is_exhausted(error: BaseException | None) -> bool:
    """Return whether this error, or one that it was raised from, is the pool's. Django wraps it in an OperationalError."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, PoolTimeout | TooManyRequests):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False
