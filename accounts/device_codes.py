"""Sign in by a browser (RFC 8628): a program shows a short code, a signed-in person types it and allows, the program gets a token once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import choice, token_urlsafe

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_noop as _

from accounts import limits, tokens
from accounts.models import DeviceSignIn, User
from lib.names import clean_name
from lib.notes import Refusal

LIFE = timedelta(minutes=10)
INTERVAL = 5  # seconds between two polls; each that comes sooner makes it longer by as much
MOST_WAITING = 5000  # of everybody: strangers may begin one, and shall not fill the table
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, so no words (RFC 8628, 6.1)
State = DeviceSignIn.State


class NotYet(Refusal):
    """The program has no token yet. `code` is RFC 8628's."""

    status = 400
    code = "authorization_pending"


class UnknownCode(Refusal):
    """No program waits with this code."""

    status = 404
    code = "unknown_code"


class TooManyWait(Refusal):
    status = 503
    code = "busy"
    retry_after = 60


@dataclass(frozen=True, slots=True)
class Codes:
    """The two codes of a program, in clear: kept nowhere. `user_code`: BCDF-GHJK."""

    device_code: str
    user_code: str


def begin(*, name: str, address: str) -> Codes:
    """Let a program wait. `name`: of its computer. Raises TooManyWait, limits.TooManyCodes."""
    limits.device(address=address)
    now = timezone.now()
    if DeviceSignIn.objects.filter(ends_at__gt=now).count() >= MOST_WAITING:
        raise TooManyWait(_("Very many programs wait for a sign-in just now. Try again in a minute."))
    letters = "".join(choice(LETTERS) for _letter in range(8))
    codes = Codes(token_urlsafe(32), f"{letters[:4]}-{letters[4:]}")
    DeviceSignIn.objects.create(
        device_hash=_hash(codes.device_code), user_hash=_hash(letters), name=clean_name(name), address=address or None,
        interval=INTERVAL, at=now, ends_at=now + LIFE,
    )  # fmt: skip
    return codes


def waiting(*, user_code: str, person: User) -> DeviceSignIn:
    """Return who waits with the code that a person typed, in any case, with or without its dash. Raises UnknownCode, TooManyCodes."""
    return _found(user_code, person, Q(state=State.WAITING))


def decide(*, user_code: str, person: User, is_allowed: bool) -> DeviceSignIn:
    """Allow the program to act for this person, or deny it. The first answer holds, also for a second click.

    Raises UnknownCode, limits.TooManyCodes, and Refusal where the person has too many tokens.
    """
    row = _found(user_code, person, Q(state=State.WAITING) | Q(person=person))
    if row.person is None:
        if is_allowed:
            tokens.require_room(person)
        state = State.ALLOWED if is_allowed else State.DENIED
        DeviceSignIn.objects.filter(pk=row.pk, state=State.WAITING).update(state=state, person=person)
        row.refresh_from_db()
    if row.person != person:
        raise UnknownCode(_("Somebody has answered this already."))
    return row


def _found(user_code: str, person: User, which: Q) -> DeviceSignIn:
    letters = "".join(char for char in user_code.upper() if char in LETTERS)
    with limits.code(person):
        row = DeviceSignIn.objects.filter(which, user_hash=_hash(letters), ends_at__gt=timezone.now()).first()
        if row is None:
            raise UnknownCode(
                _(
                    "No program is waiting with this code. A code works once, for ten minutes; begin again on that computer."
                )
            )
    return row


def poll(device_code: str) -> tuple[DeviceSignIn, User]:
    """Return the program's row and who allowed it. Raises NotYet with the reason."""
    row = DeviceSignIn.objects.filter(pk=_hash(device_code), ends_at__gt=timezone.now()).first()
    if row is None or (row.person and not row.person.is_active):
        raise NotYet(_("This code has ended. Begin again."), code="expired_token")
    if row.state == State.DENIED:
        raise NotYet(_("It was denied in the browser."), code="access_denied")
    if row.person is None:
        raise _pending(row)
    return row, row.person


def redeem(row: DeviceSignIn, person: User) -> str:
    """Return the token of a program that was allowed, once. Raises NotYet, and Refusal where there is no room for a token."""
    with transaction.atomic():
        if not DeviceSignIn.objects.filter(pk=row.pk, state=State.ALLOWED, person=person).update(state=State.USED):
            raise NotYet(_("This code was used already. Begin again."), code="expired_token")
        return tokens.make(user=person, name=row.name)


def _pending(row: DeviceSignIn) -> NotYet:
    """Note the poll. One that comes too soon is told so, and has to wait longer from then on."""
    now, own = timezone.now(), DeviceSignIn.objects.filter(pk=row.pk)
    if row.polled_at is None or row.polled_at <= now - timedelta(seconds=row.interval - 0.5):
        own.update(polled_at=now)
        return NotYet(_("Nobody has allowed it yet."))
    own.update(polled_at=now, interval=min(row.interval + INTERVAL, 60))
    return NotYet(_("Ask less often."), code="slow_down")


def _hash(code: str) -> str:
    """Return a keyed hash: the short code could be guessed from a plain one."""
    return salted_hmac("accounts.device_codes", code, algorithm="sha256").hexdigest()


def forget(now: datetime) -> int:
    """Delete those that have ended. Returns how many."""
    return DeviceSignIn.objects.filter(ends_at__lt=now).delete()[0]
