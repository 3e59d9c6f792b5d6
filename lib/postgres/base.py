"""Connections whose prepared statements outlive a migration."""

from collections.abc import Callable
from typing import Any

from django.db.backends.postgresql import base
from django.db.utils import NotSupportedError


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(_renew_stale_plans)


def _renew_stale_plans(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Prepare the statement again and repeat it where a migration has changed the type of a column that a prepared statement reads.

    PostgreSQL refuses such a statement for as long as the connection lives, which in a pool is an hour. Within a transaction
    nothing can be asked again; its end makes psycopg forget what is prepared, so only this one fails.
    """
    try:
        return execute(sql, params, many, context)
    except NotSupportedError as error:
        kept = context["connection"].connection
        if not _is_stale_plan(error) or not kept.autocommit or kept.info.transaction_status:
            raise
        kept.execute("DEALLOCATE ALL")  # psycopg forgets its own list as well when it sees this
        return execute(sql, params, many, context)


def _is_stale_plan(error: NotSupportedError) -> bool:
    """Recognize PostgreSQL's "cached plan must not change result type", which it says in the language of the server."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "source_function", None) == "RevalidateCachedQuery"
