"""The program minga-intake as the portal hands it out: one file, with the portal's own address written into it."""

import hashlib
from functools import lru_cache

from django.conf import settings

FILE = settings.BASE_DIR / "deploy" / "node" / "minga-intake"
ADDRESS_LINE = 'PORTAL = ""'


@lru_cache(maxsize=4)
def program(address: str) -> bytes:
    """Return the program for a portal at this address."""
    text = FILE.read_text(encoding="utf-8")
    # An address is made of characters that need no escape: lib.environment.WEB_ADDRESS.
    return text.replace(ADDRESS_LINE, f'PORTAL = "{address}"', 1).encode()


def sha256_of(address: str) -> str:
    return hashlib.sha256(program(address)).hexdigest()
