"""Passwords for cloud users: made here, shown once, and sealed until the worker has given them to the cloud."""

from base64 import urlsafe_b64encode
from functools import lru_cache
from secrets import choice
from typing import TYPE_CHECKING

from django.conf import settings

# cryptography is imported where something is sealed: most processes never do it.
if TYPE_CHECKING:
    from cryptography.fernet import Fernet

# Without characters that look alike; with what Keystone's rules for passwords usually ask for.
LETTERS, DIGITS = "abcdefghijkmnpqrstuvwxyz", "23456789"
GROUPS, GROUP = 5, 4  # 20 random characters: 95 bits


class Unreadable(Exception):
    """SECRET_KEY was changed while the password waited: a new one has to be made."""


def new_password() -> str:
    """Return a password that is easy to copy by hand, with a capital letter, a digit and a sign: Kpwm-x4tz-…"""
    groups = ["".join(choice(LETTERS + DIGITS) for _ in range(GROUP)) for _ in range(GROUPS)]
    return "-".join([choice(LETTERS).upper() + groups[0][1:], *groups[1:-1], groups[-1][:-1] + choice(DIGITS)])


def seal(password: str) -> str:
    return _key(settings.SECRET_KEY).encrypt(password.encode()).decode()


def unseal(sealed: str) -> str:
    """Decrypt a password. Raises Unreadable."""
    from cryptography.fernet import InvalidToken

    try:
        return _key(settings.SECRET_KEY).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable("SECRET_KEY was changed: the person has to ask for another password.") from None


@lru_cache(maxsize=2)
def _key(secret_key: str) -> "Fernet":
    """Derive the key from SECRET_KEY: web and the worker both have it, and what it seals lives for seconds."""
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(SHA256(), 32, salt=None, info=b"minga cloud user").derive(secret_key.encode())
    return Fernet(urlsafe_b64encode(derived))
