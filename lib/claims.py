"""Claims: for some seconds only one worker may step a row. A dead worker's claim expires."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from lib.compiled_queries import CompiledQuery, Given, compiled


@contextmanager
def claimed(rows: "QuerySet[Any]", pk: Any, seconds: float) -> Iterator[Any]:
    """Claim the row `pk` of `rows` for `seconds` and yield it, freshly read. Yield None if another worker has claimed it or `rows` lacks it."""
    now = timezone.now()
    until = now + timedelta(seconds=seconds)
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    if not rows.filter(free, pk=pk).update(claimed_until=until):
        yield None
        return
    model: Any = rows.model
    [row] = _row_of(model)(pk=pk)
    try:
        yield row
    finally:
        model._default_manager.filter(pk=pk, claimed_until=until).update(claimed_until=None)


@cache
def _row_of(model: Any) -> CompiledQuery:
    """Return the query of a model's row by its key."""

    def row(pk: Given) -> QuerySet[Any]:
        rows: QuerySet[Any] = model._default_manager.filter(pk=pk)
        return rows

    return compiled(row)
