"""A claim: for some seconds one worker alone may step a row. A dead worker's claim runs out by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone


@contextmanager
def claimed(rows: "QuerySet[Any]", pk: Any, seconds: float) -> Iterator[Any]:
    """Yield the row freshly read under our claim, or None when another holds it or it is not among `rows` (any more)."""
    now = timezone.now()
    until = now + timedelta(seconds=seconds)
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    if not rows.filter(free, pk=pk).update(claimed_until=until):
        yield None
        return
    row = rows.model._default_manager.get(pk=pk)
    try:
        yield row
    finally:
        rows.model._default_manager.filter(pk=pk, claimed_until=until).update(claimed_until=None)
