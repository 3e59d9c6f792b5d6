"""Count failed sign-ins; after too many of them the next try has to wait (docs/adr/0065).

Two counters in PostgreSQL: one per (name, address), one per address over all names. Never one per name: nobody locks out another person.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from math import ceil

from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_noop as _

from accounts import emails, passwords
from accounts.models import SignIn, SignInFailures, User
from lib.cpu_turns import Busy
from lib.notes import Refusal

OF_A_NAME = 10  # wrong passwords of one name from one address before the first wait
OF_AN_ADDRESS = 30  # over all names, before the first wait
# More for each person who used the portal from there within a day: a room of forty mistypes more than one guest.
FOR_A_PERSON = 3
# Wrong codes of a person's second step over all addresses: only who has the password gets that far (docs/adr/0097).
OF_A_SECOND_STEP = 100
# Unfinished sign-ins at a provider from one address: a lecture hall begins many at once.
BEGUN_ELSEWHERE = 300
FIRST_WAIT = timedelta(seconds=30)  # doubles with each further failure
# Mails for a forgotten password before the first wait, to one e-mail address; from one computer: OF_AN_ADDRESS.
MAILS_TO_AN_ADDRESS = 5
LONGEST_WAIT = timedelta(minutes=15)
FORGET = timedelta(hours=1)  # without a failure; then the count starts from zero
_COUNT = """
INSERT INTO accounts_signinfailures AS f (key, count, at) VALUES (%(key)s, 1, %(now)s)
ON CONFLICT (key) DO UPDATE SET at = %(now)s,
  count = CASE WHEN f.at < %(old)s THEN 1 ELSE f.count + 1 END,
  until = CASE WHEN f.at >= %(old)s AND f.count + 1 >= %(most)s
    THEN %(now)s::timestamptz + least(%(first)s * pow(2, least(f.count + 1 - %(most)s, 20)), %(longest)s) * interval '1 second' END
WHERE f.until IS NULL OR f.until <= %(now)s
RETURNING count
"""
_TAKE_BACK = "UPDATE accounts_signinfailures SET count = greatest(count - 1, 0), until = NULL WHERE key = %s"
_TOTAL = """
INSERT INTO accounts_signintotal AS t (kind, count) VALUES (%s, 1) ON CONFLICT (kind) DO UPDATE SET count = t.count + 1
"""


class TooManyFailures(Refusal):
    """The refusal after too many failures; no password was looked at."""

    status = 429
    code = "throttled"
    sentence = _("Too many wrong passwords. Wait %(wait)s, then try again.")

    def __init__(self, seconds: int) -> None:
        self.retry_after = seconds
        wait = f"{seconds} s" if seconds < 90 else f"{ceil(seconds / 60)} min"
        super().__init__(self.sentence, {"wait": wait})


class TooManyMails(TooManyFailures):
    """Mails to one person, or asked for from one address, went over their limit."""

    sentence = _("Too many mails. Wait %(wait)s, then try again.")


class TooManyBegun(TooManyFailures):
    """Sign-ins at a provider were begun too often from one address."""

    sentence = _("Too many sign-ins were begun from here. Wait %(wait)s, then try again.")


class TooManyCodes(TooManyFailures):
    """Codes, second steps or answers of a provider were tried too often by a person or from an address."""

    sentence = _("Too many codes. Wait %(wait)s, then try again.")


@dataclass(frozen=True, slots=True)
class Limit:
    key: str
    most: int
    first_wait: timedelta = FIRST_WAIT


class Attempt:
    """A check of a password: a failure until `succeeded` is called."""

    def __init__(self, name: str, address: str) -> None:
        name = User.normalize_username(name).strip().lower()
        self._of_name = Limit(key_of("name", name, address), OF_A_NAME)
        self._of_address = of_address("address", address)
        # Whoever is at home there does not wait for what a neighbour does; the name's own limit holds for them, too.
        self._awaits = [] if _is_at_home(name, address) else self._of_address
        self.is_counted = self.is_good = False

    def begin(self) -> None:
        """Count a failure for the name before the password is looked at: of a hundred tries at once none slips through."""
        check([self._of_name, *self._awaits])
        count([self._of_name])
        self.is_counted = True

    def check_address(self) -> None:
        """Look once more when the turn has come: a burst of many names has waited in one line."""
        if self._awaits:
            check(self._awaits)

    def take_back(self) -> None:
        """Take the count back: no password was looked at."""
        if self.is_counted:
            self.is_counted = False
            with connection.cursor() as cursor:
                cursor.execute(_TAKE_BACK, [self._of_name.key])

    def succeeded(self) -> None:
        """Forget the name's failures: whoever has the password need not guess."""
        self.is_good = True
        SignInFailures.objects.filter(pk=self._of_name.key).delete()

    def failed(self) -> None:
        """Count a wrong password also for the address."""
        count_outcome("wrong_password")
        with connection.cursor() as cursor:
            for limit in self._of_address:
                _count_one(cursor, limit, timezone.now())


@contextmanager
def attempt(*, name: str, address: str) -> Iterator[Attempt]:
    """Check a password inside. Raises TooManyFailures, or Busy when no turn was free in time."""
    tried = Attempt(name, address)
    try:
        tried.begin()
        with passwords.before_hashing(tried.check_address):
            yield tried
    except (TooManyFailures, Busy) as refusal:
        tried.take_back()
        count_outcome(refusal.code)
        raise
    except (Refusal, ValidationError):
        raise  # the password was wrong, in the words of an API or of a form
    except Exception:
        with suppress(DatabaseError):  # which may be what failed
            tried.take_back()
        raise  # a mistake of ours: nobody has guessed
    finally:
        if tried.is_counted and not tried.is_good:
            tried.failed()


def check(limits: list[Limit], refusal: type[TooManyFailures] = TooManyFailures) -> None:
    """Raise the refusal while a wait lasts."""
    now, keys = timezone.now(), [limit.key for limit in limits]
    waits = SignInFailures.objects.filter(pk__in=keys, until__gt=now).values_list("until", flat=True)
    if until := max((at for at in waits if at), default=None):
        raise refusal(ceil((until - now).total_seconds()))


def count(limits: list[Limit], refusal: type[TooManyFailures] = TooManyFailures) -> None:
    """Count a failure in all counters, or in none and raise the refusal."""
    now = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        if all(_count_one(cursor, limit, now) for limit in limits):
            return
        transaction.set_rollback(True)
    check(limits, refusal)
    raise refusal(ceil(FIRST_WAIT.total_seconds()))  # the wait ended in between


def mail(*, address: str, email: str) -> None:
    """Count a mail that somebody who is not signed in asks for. Raises TooManyMails."""
    to = Limit(key_of("mail", emails.key(email)), MAILS_TO_AN_ADDRESS)
    count([to, *of_address("mails", address)], TooManyMails)


def device(*, address: str) -> None:
    """Count a sign-in by a browser that a program begins. Raises TooManyCodes."""
    count(of_address("devices", address), TooManyCodes)


def begin_elsewhere(*, address: str) -> None:
    """Count a sign-in at a provider that somebody begins; `ended_elsewhere` takes it back. Raises TooManyBegun."""
    count(of_address("begun", address, BEGUN_ELSEWHERE), TooManyBegun)


def ended_elsewhere(*, address: str) -> None:
    """Take such a count back: somebody came from the provider, as a person whom it knows."""
    with connection.cursor() as cursor:
        for limit in of_address("begun", address, BEGUN_ELSEWHERE):
            cursor.execute(_TAKE_BACK, [limit.key])


def saml(*, address: str) -> None:
    """Count an answer of a SAML provider, which anybody may send. Raises TooManyCodes."""
    count(of_address("saml", address), TooManyCodes)


@contextmanager
def code(person: User) -> Iterator[None]:
    """Look up a typed code inside the block: it is counted unless it is found. Raises TooManyCodes."""
    limit = Limit(key_of("code", str(person.pk)), OF_A_NAME)
    count([limit], TooManyCodes)
    yield
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_BACK, [limit.key])


@contextmanager
def transfer_code(person: User, address: str) -> Iterator[None]:
    """Look up a transfer code inside the block: it is counted unless it works. Raises TooManyCodes."""
    with _unless_it_works(
        [Limit(key_of("transfer code", str(person.pk)), OF_A_NAME), *of_address("transfer codes", address)]
    ):
        yield


@contextmanager
def intake_code(address: str) -> Iterator[None]:
    """Look up a computer's intake code inside the block: it is counted by address unless it works. Raises TooManyCodes."""
    with _unless_it_works(of_address("intake codes", address)):
        yield


@contextmanager
def _unless_it_works(limits: list[Limit]) -> Iterator[None]:
    """Count a failure, and take it back where the block ends well. Raises TooManyCodes."""
    count(limits, TooManyCodes)
    yield
    with connection.cursor() as cursor:
        for limit in limits:
            cursor.execute(_TAKE_BACK, [limit.key])


@contextmanager
def second_step(person: User, address: str) -> Iterator[None]:
    """Check a second step inside the block: it is counted unless it is right. Raises TooManyCodes."""
    from_there = Limit(key_of("second step", str(person.pk), address), OF_A_NAME)
    from_anywhere = Limit(key_of("second step", str(person.pk)), OF_A_SECOND_STEP)
    count([from_there, from_anywhere], TooManyCodes)
    yield
    SignInFailures.objects.filter(pk=from_there.key).delete()
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_BACK, [from_anywhere.key])


def forget(now: datetime) -> int:
    """Delete what no longer counts. Returns how many."""
    return SignInFailures.objects.filter(at__lt=now - FORGET).delete()[0]


def _count_one(cursor: CursorWrapper, limit: Limit, now: datetime) -> bool:
    cursor.execute(
        _COUNT,
        {
            "key": limit.key, "now": now, "old": now - FORGET, "most": limit.most,
            "first": limit.first_wait.total_seconds(),
            "longest": max(limit.first_wait, LONGEST_WAIT).total_seconds(),
        },
    )  # fmt: skip
    return cursor.fetchone() is not None


def key_of(*parts: str) -> str:
    """Return the key of a counter, a hash: people type passwords into the field for the name, and those are not kept."""
    return salted_hmac("accounts.limits", "\0".join(parts), algorithm="sha256").hexdigest()


def network_of(address: str) -> str:
    """Return the address; of IPv6 its /64, in which one computer may take as many addresses as it likes."""
    return str(ip_network(f"{address}/64", strict=False)) if ":" in address else address


def of_address(kind: str, address: str, most: int = OF_AN_ADDRESS) -> list[Limit]:
    """Return the counters of an address; none where it is unknown: a proxy that does not tell the visitor's would make one of everybody."""
    if not address:
        return []
    people = SignIn.objects.recent(timezone.now()).filter(address=address).count()
    return [Limit(key_of(kind, network_of(address)), most + FOR_A_PERSON * people)]


def _is_at_home(name: str, address: str) -> bool:
    """Return whether the person of this name, or this e-mail address, used the portal from there within a day."""
    is_theirs = Q(user__username__iexact=name) | Q(user__email__iexact=name)
    return bool(address) and SignIn.objects.recent(timezone.now()).filter(is_theirs, address=address).exists()


def count_outcome(kind: str) -> None:
    """Count a refused sign-in, or what an outside account said, for /metrics."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTAL, [kind])
