"""Seal the secrets of second steps: with the keys of SIGN_IN_KEYS, the newest first, and at last with one derived from SECRET_KEY (docs/adr/0097).

Web opens them at each sign-in, so unlike the keys of machines they stand in its environment.
"""

from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings

# cryptography is imported where something is sealed: most processes never do it.
if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

SECRETS = ("seed", "secret")  # of recovery codes, of an authenticator app


class Unreadable(Exception):
    """None of the keys opens it: SIGN_IN_KEYS or SECRET_KEY was changed without `manage.py rotate_sign_in_keys`."""


def seal(secret: str) -> str:
    """Seal with the newest key."""
    return _keys().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Open with whichever key fits. Raises Unreadable."""
    from cryptography.fernet import InvalidToken

    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable from None


def resealed(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a second step with its secret sealed by the newest key. Raises Unreadable."""
    return {name: seal(unseal(value)) if name in SECRETS else value for name, value in data.items()}


def _keys() -> "MultiFernet":
    return _ring(tuple(settings.SIGN_IN_KEYS), settings.SECRET_KEY)


@lru_cache(maxsize=2)
def _ring(keys: tuple[str, ...], secret_key: str) -> "MultiFernet":
    from cryptography.fernet import Fernet, MultiFernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(SHA256(), 32, salt=None, info=b"minga second step").derive(secret_key.encode())
    return MultiFernet([Fernet(key) for key in (*keys, urlsafe_b64encode(derived).decode())])
