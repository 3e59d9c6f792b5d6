"""Signed names of photos, for whoever has no account: in a form that is not sent yet, and on the page that a link from a mail opens.

A ticket opens one photo for a day. It stands in the address of the picture, where the link itself would give away the whole page.
"""

from datetime import timedelta

from django.core import signing

LIFE = timedelta(days=1)
LONGEST = 100  # characters
_SIGNER = signing.TimestampSigner(salt="portal.photo_tickets")


def ticket(pk: int) -> str:
    return str(_SIGNER.sign_object(pk))


def read(text: str) -> int | None:
    """Return whose ticket it is, the id of a photo; None where it is wrong or too old."""
    try:
        found = _SIGNER.unsign_object(text, max_age=LIFE) if len(text) <= LONGEST else None
    except (signing.BadSignature, ValueError):
        return None
    return found if isinstance(found, int) else None
