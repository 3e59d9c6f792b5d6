"""Write the audit log, and forget what is too old."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from accounts.audit.models import AuditRow
from accounts.models import User

ADDRESS_DAYS = 90  # the trigger knows this number, too
BATCH = 5_000  # rows of one transaction
MOST_BATCHES = 20  # of one turn; the next does the rest
_LATER = timedelta(hours=1)  # than the trigger allows: the database's clock may be another
_address: ContextVar[str] = ContextVar("audit_address", default="")


@dataclass(frozen=True, slots=True)
class Thing:
    """The object of an act: a kind, the id, and the name that it had then."""

    kind: str
    id: object = ""
    name: str = ""


def record(
    *,
    by: User | None,
    verb: str,
    thing: Thing,
    whom: User | int | None = None,
    detail: dict[str, Any] | None = None,
    is_own_recorded: bool = False,
) -> None:
    """Write a row, in the transaction of what is recorded. Nothing is written of what people do to their own things.

    by: None is a command on the server. whom: the owner of the thing, or their pk. detail: JSON without secrets.
    is_own_recorded: what only staff can do is recorded even where they do it for themselves.
    """
    owner = whom.pk if isinstance(whom, User) else whom
    if by is not None and by.pk == owner and not is_own_recorded:
        return
    AuditRow.objects.create(
        who=by, verb=verb, whom_id=owner, kind=thing.kind, object_id=str(thing.id)[:64], name=thing.name[:200],
        address=_address.get() or None, detail=detail or {},
    )  # fmt: skip


def record_each(*, by: User | None, verb: str, people: Iterable[User], detail: dict[str, Any]) -> None:
    """Write a row for each of these people, who were created by one act, in one query for a thousand."""
    facts = {"who": by, "verb": verb, "kind": "person", "address": _address.get() or None, "detail": detail}
    rows = [AuditRow(whom_id=person.pk, object_id=str(person.pk), **facts) for person in people]
    AuditRow.objects.bulk_create(rows, batch_size=1_000)


@contextmanager
def asked_from(address: str) -> Iterator[None]:
    """Note the address from which the acts come that are recorded inside."""
    token = _address.set(address)
    try:
        yield
    finally:
        _address.reset(token)


def forget(now: datetime) -> None:
    """Clear the addresses of rows older than ADDRESS_DAYS, and delete rows older than AUDIT_DAYS."""
    _in_batches(lambda: _clear(now - timedelta(days=ADDRESS_DAYS) - _LATER))
    _in_batches(lambda: _delete(now - timedelta(days=settings.AUDIT_DAYS) - _LATER))


def _in_batches(work: Callable[[], int]) -> None:
    for _turn in range(MOST_BATCHES):
        if work() < BATCH:
            return


def _clear(before: datetime) -> int:
    old = AuditRow.objects.filter(address__isnull=False, at__lt=before).order_by("at").values("pk")[:BATCH]
    return AuditRow.objects.filter(pk__in=old).update(address=None)


@transaction.atomic
def _delete(before: datetime) -> int:
    with connection.cursor() as cursor:  # until the transaction ends: without it the trigger refuses every delete
        cursor.execute("SELECT set_config('minga.audit_days', %s, true)", [str(settings.AUDIT_DAYS)])
    old = list(AuditRow.objects.filter(at__lt=before).order_by("at").values_list("pk", flat=True)[:BATCH])
    deleted: int = AuditRow.objects.filter(pk__in=old)._raw_delete("default")  # delete() would read the rows first
    return deleted
