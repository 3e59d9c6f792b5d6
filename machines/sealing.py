"""Seal what is secret in the database: with the keys in MACHINE_KEYS_FILE, the newest first. Only workers, the live process and manage.py have that file."""

import logging
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from lib import seldom

# cryptography is imported where something is sealed: most processes never do it.
if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

log = logging.getLogger(__name__)


class NoKeys(Exception):
    """The file of keys is missing, or has none in it. The text says what is wrong, for an administrator."""


class Unreadable(Exception):
    """None of the keys opens it: the one with which it was sealed is no longer in the file."""


def is_ready() -> bool:
    """Return whether anything can be sealed here. A file that is set and cannot be used is logged."""
    try:
        check()
    except NoKeys as error:
        if settings.MACHINE_KEYS_FILE:
            seldom.warning(log, "machine keys", "%s", error)
        return False
    return True


def check() -> None:
    """Raise NoKeys where nothing can be sealed."""
    _keys()


def seal(secret: bytes) -> str:
    """Seal with the newest key. Raises NoKeys."""
    return _keys().encrypt(secret).decode()


def unseal(sealed: str) -> bytes:
    """Open with whichever key fits. Raises NoKeys, Unreadable."""
    from cryptography.fernet import InvalidToken

    try:
        return _keys().decrypt(sealed.encode())
    except InvalidToken:
        raise Unreadable from None


def resealed(sealed: str) -> str:
    """Return the same secret, sealed with the newest key. Raises NoKeys, Unreadable."""
    return seal(unseal(sealed))


def _keys() -> "MultiFernet":
    if not settings.MACHINE_KEYS_FILE:
        raise NoKeys("MACHINE_KEYS_FILE is not set.")
    path = Path(settings.MACHINE_KEYS_FILE)
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise NoKeys(f"MACHINE_KEYS_FILE cannot be read: {error}") from None
    except ValueError as error:
        raise NoKeys(f"MACHINE_KEYS_FILE: {error}") from None


@lru_cache(maxsize=2)
def _read(path: Path, changed: int) -> "MultiFernet":
    """Return the keys of a file: one on each line, without empty lines and those that begin with #."""
    from cryptography.fernet import Fernet, MultiFernet

    lines = [line.strip() for line in path.read_text().splitlines()]
    found = [Fernet(line) for line in lines if line and not line.startswith("#")]
    if not found:
        raise ValueError("there is no key in it.")
    return MultiFernet(found)
