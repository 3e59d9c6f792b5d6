"""Sign in with the name and password of an outside account: of the cloud (Keystone), or of a directory (LDAP).

Local people come first: a name that has a password here is never sent anywhere. No password is sent to one server twice, and no
database connection is held while one is asked.
"""

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from django.conf import settings

from accounts import emails, limits
from accounts.models import OutsideAccount, User
from accounts.outside import directory, keystone
from accounts.outside.arrivals import Arrival, arrive
from accounts.outside.outside_refusals import NoAnswer, OutsideRefusal
from accounts.passwords import let_connections_go
from lib.time_limits import NoAnswerInTime, Waiters

LONGEST_NAME, LONGEST_PASSWORD = 255, 1024
# Asks a server: an Arrival, None for a wrong name or password; raises OutsideRefusal.
Check = Callable[[str, str], Arrival | None]
Answer = TypeVar("Answer")


def ways() -> dict[str, Check]:
    """Return the ways by which a password is checked elsewhere, in the order in which they are asked."""
    found: dict[str, Check] = {}
    if settings.LDAP_URL:
        found[directory.WAY] = directory.check
    if settings.CLOUD_SIGN_IN_URL:
        found[keystone.WAY] = keystone.check
    return found


def all_ways() -> list[str]:
    """Return these, and the providers at whose own pages people sign in."""
    return [*ways(), *(["oidc"] if settings.OIDC_URL else []), *(["saml"] if settings.SAML_METADATA else [])]


@cache
def _waiters(way: str) -> Waiters:
    return Waiters(way)


def sign_in(typed: str, password: str) -> User | None:
    """Return the person whom an outside account lets in; None where none does. Raises OutsideRefusal."""
    arrival = check(typed, password)
    if arrival is None:
        return None
    try:
        person = arrive(arrival)
    except OutsideRefusal as refusal:
        _count(arrival.way, refusal.code)
        raise
    _count(arrival.way, "signed_in")
    return person


def check(typed: str, password: str) -> Arrival | None:
    """Ask the servers that may know this name, each once. Raises OutsideRefusal where one says more than yes or no."""
    asked = names_elsewhere(typed) if password and len(password) <= LONGEST_PASSWORD else []
    refusal: OutsideRefusal | None = None
    is_guess = False  # for one server it was: that another one hangs makes no guess free
    for way, name in asked:
        try:
            if arrival := ask(way, name, password):
                return arrival
            _count(way, "wrong_password")
            is_guess = True
        except OutsideRefusal as error:
            _count(way, error.code)
            refusal, is_guess = error, is_guess or error.is_guess
    if refusal:
        refusal.is_guess = is_guess
        raise refusal
    return None


def ask(way: str, name: str, password: str) -> Arrival | None:
    """Ask one server. Raises NoAnswer, and what the way's own check raises."""
    check_there = ways()[way]
    return within(way, lambda: check_there(name, password))


def within(way: str, call: Callable[[], Answer]) -> Answer:
    """Call a server and wait for SIGN_IN_SECONDS at most, without a database connection. Raises NoAnswer."""
    let_connections_go()
    try:
        return _waiters(way).call(settings.SIGN_IN_SECONDS, call)
    except NoAnswerInTime:
        raise NoAnswer from None


def names_elsewhere(typed: str) -> list[tuple[str, str]]:
    """Return where a name may be known, and as what: nowhere where it has a password here."""
    typed = typed.strip()
    known = ways()
    if not known or not typed or len(typed) > LONGEST_NAME:
        return []
    person = local_person(typed)
    if person is None:
        return [(way, typed) for way in known]
    if person.has_usable_password():
        return []
    # A Horizon account that was made here has a name of its own: another server's password must not be sent to it.
    theirs = OutsideAccount.objects.filter(user=person, way__in=known).not_made_here().order_by("pk")
    return [(account.way, account.name) for account in theirs] or [(way, typed) for way in known]


def local_person(typed: str) -> User | None:
    """Return who is called that here, or has this address."""
    try:
        return User.objects.get_by_natural_key(typed)
    except User.DoesNotExist:
        return emails.people_at(typed).first()


def _count(way: str, outcome: str) -> None:
    limits.count_outcome(f"{way}:{outcome}")
