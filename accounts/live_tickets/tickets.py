"""Make tickets for the live process, and use them up. Whoever makes one has checked what its person may do; using one checks it again."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from accounts.models import LiveTicket, User

LIFE = timedelta(seconds=60)
MOST_OLD = 100  # that a new one removes
BYTES = 32


@dataclass(frozen=True, slots=True)
class Proof:
    """The session or token with which a person came. See portal.live.entry.Entry."""

    kind: str  # session or token
    key: str
    proof: str


def make(person: User, proof: Proof, *, scope: str, now: datetime) -> str:
    """Make a ticket for one purpose and return its text, which is kept nowhere."""
    old = LiveTicket.objects.filter(ends_at__lt=now).values_list("pk", flat=True)
    LiveTicket.objects.filter(pk__in=list(old[:MOST_OLD])).delete()
    text = secrets.token_urlsafe(BYTES)
    facts = {"kind": proof.kind, "key": proof.key, "proof": proof.proof}
    LiveTicket.objects.create(digest=_digest(text), person=person, scope=scope, ends_at=now + LIFE, **facts)
    return text


def use(text: str, *, scope: str, now: datetime) -> tuple[User, Proof] | None:
    """Use a ticket up. Return whose it is and with what they came; None where it is used, has ended, or is for something else.

    Of two at once one gets it. A ticket for something else stays good for that.
    """
    rows = LiveTicket.objects.select_related("person").filter(digest=_digest(text), scope=scope, ends_at__gt=now)
    row = rows.first()
    if row is None or not LiveTicket.objects.filter(pk=row.pk).delete()[0]:
        return None
    return row.person, Proof(row.kind, row.key, row.proof)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
