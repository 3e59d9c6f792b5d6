"""Answers that are sent for long: a slow line takes hours, and their reader's right may end before."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from time import monotonic
from typing import TypeVar

from django.db import connection

from accounts.models import User

CHECK_SECONDS = 5.0  # between two looks at the right, as at that of other open connections
T = TypeVar("T")


class RightEnded(Exception):
    """The reader was blocked or signed out everywhere, or may no longer have this: the rest is not sent."""


def while_allowed(parts: Iterable[T], reader: User, may: Callable[[User], bool]) -> Iterator[T]:
    """Yield the parts for as long as `reader` is who signed in, and `may` holds for them. Raises RightEnded."""
    is_allowed = partial(_is_allowed, reader.pk, reader.get_session_auth_hash(), may)
    next_at = monotonic() + CHECK_SECONDS
    for part in parts:
        if monotonic() >= next_at:
            if not is_allowed():
                raise RightEnded
            next_at = monotonic() + CHECK_SECONDS
        yield part


def _is_allowed(pk: int, proof: str, may: Callable[[User], bool]) -> bool:
    """Look at the person as they are now. The thread keeps no connection for it."""
    try:
        now = User.objects.filter(pk=pk, is_active=True).first()
        return now is not None and now.get_session_auth_hash() == proof and may(now)
    finally:
        if not connection.in_atomic_block:
            connection.close()
