"""Hash passwords in turns, so that a flood of sign-ins leaves the processor to everybody else (docs/adr/0065)."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import hashers
from django.db import connections

from lib.cpu_turns import Turns, processors

_check: ContextVar[Callable[[], None] | None] = ContextVar("check", default=None)


@cache
def turns() -> Turns:
    """Return the turns of this installation on this computer; two installations do not wait for each other."""
    most = settings.PASSWORD_CHECKS or max(1, processors() - 1)
    return Turns(turns_folder(), most=most, seconds=settings.PASSWORD_WAIT_SECONDS)


def turns_folder() -> Path:
    """Return the folder of these turns, whose name is this installation's alone."""
    name = sha256(f"{settings.SECRET_KEY} {settings.DATABASE_URL}".encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"minga-{os.getuid()}-{name}"


@contextmanager
def turn() -> Iterator[None]:
    """Wait for a turn without a database connection. Raises lib.cpu_turns.Busy."""
    let_connections_go()
    with turns().take():
        if check := _check.get():
            check()
            let_connections_go()
        yield


@contextmanager
def before_hashing(check: Callable[[], None]) -> Iterator[None]:
    """Have `check` called inside when a turn has come and before anything is hashed; it may raise."""
    before = _check.set(check)
    try:
        yield
    finally:
        _check.reset(before)


def let_connections_go() -> None:
    """Give this thread's connections back to the pool; inside a transaction they must stay."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


class _InTurns(hashers.BasePasswordHasher):
    """The turn before each hash: every page, form and command hashes through here, so none can forget it."""

    def encode(self, *args: Any, **options: Any) -> str:
        with turn():
            return super().encode(*args, **options)

    def verify(self, *args: Any, **options: Any) -> bool:
        with turn():
            return super().verify(*args, **options)


class Argon2(_InTurns, hashers.Argon2PasswordHasher):
    """Argon2id with OWASP's smallest parameters: a tenth of what PBKDF2 costs the processor, and harder for a graphics card."""

    time_cost = 2
    memory_cost = 19_456  # KiB, for each turn
    parallelism = 1


class Pbkdf2(_InTurns, hashers.PBKDF2PasswordHasher):
    """PBKDF2, for passwords from before 0.3: they are hashed again at the next sign-in."""
