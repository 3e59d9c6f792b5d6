"""Findings of the worker for pages, kept with the time: the newest of each kind."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from portal.models import Finding


@transaction.atomic
def keep(found: Mapping[str, Any], at: datetime) -> None:
    """Replace findings by those made at this time, all or none. What another worker found later stays."""
    for name in sorted(found):  # in one order: two workers at once wait for each other, and never in a circle
        row, is_new = Finding.objects.select_for_update().get_or_create(
            name=name, defaults={"data": found[name], "found_at": at}
        )
        if not is_new and row.found_at < at:
            Finding.objects.filter(pk=row.pk).update(data=found[name], found_at=at)
