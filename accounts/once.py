"""Carry out a request once, however often it is sent: the first that is not refused is remembered with its answer, for a day.

A key's row is inserted in the transaction that carries the request out. Whoever sends it again at the same moment waits on the unique
constraint until that transaction ends, and then finds the answer, or nothing where it was rolled back.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext_noop as _
from psycopg.errors import LockNotAvailable

from accounts.models import OnceKey, User
from lib.notes import Refusal

KEPT = timedelta(days=1)
SECRET_KEPT = timedelta(minutes=10)  # an answer that shows a private key or a token
PATIENCE = "10s"  # for the same request that is being carried out


class SentAlready(Refusal):
    """The request came before. Says why its answer cannot be given again."""


class StillAtIt(SentAlready):
    """A refusal while the same request is being carried out."""

    code = "in_progress"


class OtherRequest(SentAlready):
    """The key belongs to a request with another body."""

    status = 422
    code = "idempotency_key_reused"


class NoLongerShown(SentAlready):
    """The request was carried out, and its answer held a secret that is not kept."""

    code = "answer_no_longer_shown"


@contextmanager
def key(user: User, key: str, request_hash: str) -> Iterator[OnceKey]:
    """Yield the row of this key, in a transaction: new (status None) for whoever is first, else with its answer.

    Raises OtherRequest, and StillAtIt while the first request is being carried out.
    """
    with transaction.atomic():
        row = _row(user, hash_of_key(key), request_hash)
        if row.request_hash != request_hash:
            raise OtherRequest(_("This key was sent with another request before. Take a new key for each new request."))
        yield row


def is_first(key: str) -> bool:
    """Return whether this key of a signed-out visitor is new, and keep it at once: what follows may take long, and must hold no lock."""
    key_hash = hash_of_key(key)
    with transaction.atomic():
        try:
            row = _row(None, key_hash, key_hash)
        except StillAtIt:
            return False
        if row.status is not None:
            return False
        row.status = 200
        row.save(update_fields=["status"])
        return True


def forget(key: str) -> None:
    """Let a request that `is_first` let begin be sent again, because it failed."""
    OnceKey.objects.filter(user=None, key_hash=hash_of_key(key)).delete()


def hash_of_key(key: str) -> str:
    """Return what is stored of a key: SHA-256 as hex. The key itself opens the sealed answer, so it is not kept."""
    return sha256(key.encode()).hexdigest()


def _row(user: User | None, key_hash: str, request_hash: str) -> OnceKey:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            new = OnceKey(user=user, key_hash=key_hash, request_hash=request_hash)
            OnceKey.objects.bulk_create([new], ignore_conflicts=True)
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        raise StillAtIt(_("The same request is being carried out just now. Try again in a few seconds.")) from None
    return OnceKey.objects.get(user=user, key_hash=key_hash)


def remember(row: OnceKey, key: str, status: int, answer: bytes, *, is_secret: bool = False) -> None:
    """Keep the answer, in the transaction in which the request was carried out."""
    row.status, row.sealed_answer, row.is_secret = status, _cipher(key).encrypt(answer), is_secret
    kept = {"status": row.status, "sealed_answer": row.sealed_answer, "is_secret": row.is_secret}
    OnceKey.objects.filter(pk=row.pk).update(**kept)  # none where the request removed its own sender


def answer_of(row: OnceKey, key: str, now: datetime) -> bytes:
    """Return the answer to the first request. Raises NoLongerShown."""
    try:
        if row.is_secret and row.at < now - SECRET_KEPT:
            raise InvalidToken
        return _cipher(key).decrypt(bytes(row.sealed_answer))
    except InvalidToken:  # erased, or sealed before SECRET_KEY was changed
        raise NoLongerShown(
            _(
                "This was done already, and what it answered is no longer shown. Remove what you cannot use, and make a new one."
            )
        ) from None


def _cipher(key: str) -> Fernet:
    """Return the cipher of a kept answer. It needs the sender's key and ours: neither a copy of the database nor a key alone is enough."""
    derived = HKDF(SHA256(), 32, salt=settings.SECRET_KEY.encode(), info=b"minga once").derive(key.encode())
    return Fernet(urlsafe_b64encode(derived))


def forget_old(now: datetime) -> None:
    """Delete keys that are older than a day, and answers with secrets sooner."""
    OnceKey.objects.filter(at__lt=now - KEPT).delete()
    old = OnceKey.objects.filter(is_secret=True, at__lt=now - SECRET_KEPT)
    old.exclude(sealed_answer=b"").update(sealed_answer=b"")
