"""Accounts that people make for themselves, where SIGN_UP_DOMAINS allows it: with an address at one of its domains.

Such an account has no password until somebody uses the link that was mailed to the address, which proves it: so nobody can do
anything with it before. One that is not used is deleted when its link has ended.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts import emails, limits, people_mails
from accounts.models import User
from accounts.outside.own_password import has_no_password_here
from accounts.person_names import BadPerson, checked, clean_email, free_username, name_columns


def is_open() -> bool:
    """Return whether anybody may make an account."""
    return bool(settings.SIGN_UP_DOMAINS)


def is_open_for(email: str) -> bool:
    """Return whether the owner of this address may make an account."""
    return emails.key(email).rpartition("@")[2] in settings.SIGN_UP_DOMAINS


def ask(*, email: str, name: str, address: str, language: str = "") -> None:
    """Mail a link to choose a password, for a new account or for the one that is there: whoever asks does not learn which.

    `address`: from which it is asked. `language`: of the page, for the mails. Raises BadPerson, limits.TooManyMails.
    """
    email = clean_email(email)
    name_columns(name)
    if not email or not is_open_for(email):
        sentence = _("Only with an address that ends in %(domains)s.")
        raise BadPerson(
            sentence, {"domains": ", ".join(f"@{each}" for each in settings.SIGN_UP_DOMAINS)}, field="email"
        )
    limits.mail(address=address, email=email)
    with transaction.atomic():
        _one_at_a_time(email)
        people = list(User.objects.filter(email__iexact=email, removed_at=None)) or [_create(email, name, language)]
        reached = [person for person in people if person.is_active and not has_no_password_here(person)]
        people_mails.send_forgotten(reached, timezone.now())


def _one_at_a_time(email: str) -> None:
    """Let two who ask for the same address at the same moment make one account."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"sign up {emails.key(email)}"])


def _create(email: str, name: str, language: str) -> User:
    """Create the account. Unlike one that the university writes down, its address is not proven."""
    facts = checked(username=free_username(email), name=name, email=email)
    person = User(**facts, signed_up_at=timezone.now(), browser_language=language)
    person.set_unusable_password()
    person.save()
    return person


def forget(now: datetime) -> int:
    """Delete accounts whose link ended unused. Returns how many."""
    ended = now - timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT) - timedelta(days=1)
    return _unused().filter(signed_up_at__lt=ended).delete()[0]


def give_way(*, username: str, email: str) -> None:
    """End a sign-up that nobody has confirmed, so that its name and address are free for the person whose they are."""
    theirs = Q(username__iexact=username) | (Q(email__iexact=email) if email else Q())
    end(pending().filter(theirs).values_list("pk", flat=True))


def pending() -> QuerySet[User]:
    """Select accounts that somebody asked for, and whose link may still be used."""
    return _unused().filter(is_active=True)


def end(chosen: Iterable[int]) -> int:
    """Delete those of these accounts that are pending still. Returns how many: one whose link was used just now stays."""
    if not (wanted := list(chosen)):
        return 0
    # In one order: of two who make way for the same person at once, neither holds what the other one waits for.
    locked = pending().filter(pk__in=wanted).order_by("pk").select_for_update(of=("self",))
    ended = [person.pk for person in locked]
    User.objects.filter(pk__in=ended).delete()
    return len(ended)


def _unused() -> QuerySet[User]:
    """Select accounts that somebody asked for and nobody has used."""
    asked = User.objects.filter(signed_up_at__isnull=False, password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return asked.filter(invited_at=None, last_login=None, removed_at=None, emailaddress=None, outside_accounts=None)
