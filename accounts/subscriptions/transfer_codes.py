"""The text of a transfer code: BCDF-GHJK-LMNP. It is shown once; only a keyed hash is kept."""

from secrets import choice

from django.utils.crypto import salted_hmac

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, so no words
LENGTH = 12


def make() -> str:
    """Return a new code."""
    letters = "".join(choice(LETTERS) for _letter in range(LENGTH))
    return "-".join(letters[at : at + 4] for at in range(0, LENGTH, 4))


def digest(text: str) -> str:
    """Return the hash of a code as somebody typed it, in any case, with or without its dashes."""
    letters = "".join(char for char in text[:100].upper() if char in LETTERS)
    return salted_hmac("accounts.subscriptions", letters, algorithm="sha256").hexdigest()
