"""Sessions in browsers: noted, listed, and ended one by one or all at once."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from accounts import tokens
from accounts.browsers.models import BrowserSession
from accounts.models import User
from lib import events

LONGEST_AGENT = 200
MOST_SHOWN = 100
_DJANGOS = Session.objects.filter(session_key=OuterRef("session_key"))


def note(*, user: User, key: str, address: str, agent: str, at: datetime) -> None:
    """Remember that a session is used, and from where."""
    facts = {"user": user, "address": address or None, "agent": agent[:LONGEST_AGENT], "seen_at": at}
    BrowserSession.objects.update_or_create(session_key=key, defaults=facts)


def living(user: User) -> list[BrowserSession]:
    """Return the sessions in which a person is signed in, the last used first."""
    return list(_living(user))


def _living(user: User) -> Iterator[BrowserSession]:
    rows = {row.session_key: row for row in BrowserSession.objects.filter(user=user)[:MOST_SHOWN]}
    sessions = Session.objects.filter(session_key__in=rows, expire_date__gt=timezone.now())
    # A changed password leaves the rows of the others, which no longer let anybody in.
    good = {session.session_key for session in sessions if _lets_in(session.get_decoded(), user)}
    return (row for key, row in rows.items() if key in good)


def _lets_in(session: dict[str, Any], user: User) -> bool:
    return session.get(SESSION_KEY) == str(user.pk) and session.get(HASH_SESSION_KEY) == user.get_session_auth_hash()


@transaction.atomic
def end(row: BrowserSession) -> None:
    """Sign one browser out, and end what it has open."""
    Session.objects.filter(session_key=row.session_key).delete()
    row.delete()
    events.publish("person", row.user_id)


@transaction.atomic
def end_all(user: User, *, with_tokens: bool) -> User:
    """Sign a person out in all browsers, end what they have open, links for passwords, and where asked for the tokens of programs."""
    User.objects.filter(pk=user.pk).update(sign_outs=F("sign_outs") + 1)
    user.refresh_from_db(fields=["sign_outs"])
    Session.objects.filter(session_key__in=BrowserSession.objects.filter(user=user).values("session_key")).delete()
    BrowserSession.objects.filter(user=user).delete()
    if with_tokens:
        tokens.end_all(user)
    events.publish("person", user.pk)
    return user


def forget(now: datetime) -> int:
    """Delete sessions that have ended by themselves, and what was noted of sessions that are gone. Returns how many of these."""
    Session.objects.filter(expire_date__lt=now).delete()
    return BrowserSession.objects.filter(~Exists(_DJANGOS)).delete()[0]
