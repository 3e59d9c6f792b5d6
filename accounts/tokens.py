"""Tokens for programs: named, ended after 90 days without use, at most so many per person."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from knox.crypto import hash_token
from knox.models import AuthToken

from accounts import proofs
from accounts.models import DeviceSignIn, TokenFacts, User
from lib.names import clean_name
from lib.notes import Refusal

MOST_TOKENS = 20
CLOSED = _("This account is closed. Ask your teacher or an administrator.")
LIFE = timedelta(days=90)  # from the last use
NOTE_EVERY = timedelta(minutes=1)  # the last use is written no more often


@transaction.atomic
def make(*, user: User, name: str = "") -> str:
    """Make a token and return its text, which is kept nowhere. `user`: as they were when their password or session was checked.

    Without a name it is one of a program that signs in by password: of these the longest unused makes room for the newest.
    Raises Refusal where the account is closed, or has MOST_TOKENS named ones.
    """
    row = User.objects.select_for_update().get(pk=user.pk)
    if not row.is_active:
        raise Refusal(CLOSED, code="account_closed", status=403)
    proofs.require_same(row, user.get_session_auth_hash())
    of(user).filter(expiry__lt=timezone.now()).delete()
    if of(user).count() >= MOST_TOKENS:
        _make_room(user, name)
    row, text = AuthToken.objects.create(user=user, expiry=LIFE)
    TokenFacts.objects.create(token=row, name=clean_name(name, longest=60) if name else "")
    return str(text)


def require_room(user: User) -> None:
    """Raise Refusal where one more named token would be too many."""
    if of(user).exclude(expiry__lt=timezone.now()).count() >= MOST_TOKENS:
        raise _too_many()


def _too_many() -> Refusal:
    sentence = _(
        "You have %(count)s tokens already. Revoke one you no longer use on your Account page, then make this one."
    )
    return Refusal(sentence, {"count": MOST_TOKENS}, code="too_many_tokens")


def _make_room(user: User, name: str) -> None:
    unnamed = of(user).filter(Q(facts=None) | Q(facts__name="")) if not name else AuthToken.objects.none()
    oldest = unnamed.order_by(F("facts__used_at").asc(nulls_first=True), "created").first()
    if oldest is None:
        raise _too_many()
    oldest.delete()


def of(user: User) -> QuerySet[AuthToken]:
    """Return the person's tokens, the oldest first."""
    tokens: QuerySet[AuthToken] = AuthToken.objects.filter(user=user).order_by("created", "pk")
    return tokens


def find(text: str, now: datetime) -> AuthToken | None:
    """Return the token of this text, with its person, if it has not ended: for code that does without the API's framework."""
    if not text.isascii():
        return None
    lives = Q(expiry=None) | Q(expiry__gt=now)
    return AuthToken.objects.select_related("user").filter(lives, digest=hash_token(text)).first()


def note_use(token: AuthToken, now: datetime) -> None:
    """Record the last use and renew the life of a token. One cheap query while both are fresh."""
    facts = TokenFacts.objects.filter(token=token).first()
    if token.expiry and facts and facts.used_at and facts.used_at > now - NOTE_EVERY:
        return
    # A token that was revoked in this moment must not come back: only what is still there is written to.
    if not AuthToken.objects.filter(pk=token.pk).update(expiry=now + LIFE):
        return
    if TokenFacts.objects.filter(token_id=token.pk).update(used_at=now) or facts:
        return
    # A token from before 0.2. Another request may be first, or the token is being revoked: there is nothing to note then.
    with suppress(IntegrityError), transaction.atomic():
        TokenFacts.objects.create(token_id=token.pk, used_at=now)


def end_all(user: User) -> int:
    """End all tokens of a person, and those that were allowed and not fetched yet; returns how many tokens there were."""
    DeviceSignIn.objects.filter(person=user).delete()
    tokens = of(user)
    count = tokens.count()
    tokens.delete()
    return count


def forget(now: datetime) -> int:
    """Delete tokens that have ended by themselves. Returns how many."""
    gone = AuthToken.objects.filter(expiry__lt=now)
    count: int = gone.count()
    gone.delete()
    return count
