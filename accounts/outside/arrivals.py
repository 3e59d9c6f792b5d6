"""Find the person whom an outside account has let in, or make one at the first sign-in."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import person_actions, sign_up
from accounts.audit.trail import Thing, record
from accounts.cloud_users.user_names import is_ours
from accounts.models import CloudUser, OutsideAccount, User
from accounts.outside.models import KEYSTONE
from accounts.outside.outside_refusals import HorizonOnly, NameTaken, NoName
from accounts.outside.role_table import RoleRule, matching
from accounts.person_names import BadPerson, checked, clean_username

log = logging.getLogger(__name__)
ADMIN, STUDENT = User.Role.ADMIN.value, User.Role.STUDENT.value


@dataclass(frozen=True, slots=True)
class Arrival:
    """Facts that an outside account tells of the person who signed in with it."""

    way: str
    subject: str  # never changes there, never reused
    name: str
    email: str = ""  # '' unless somebody there has proven it
    full_name: str = ""
    values: frozenset[str] = field(default_factory=frozenset)  # roles, groups: what the table of roles knows


class _Overtaken(Exception):
    """Another sign-in with this account made the person an administrator before this one locked their row."""


def rules_for(arrival: Arrival) -> list[RoleRule]:
    """Return the lines of the table of roles that hold for this person: none for a cloud user that the portal made itself."""
    if _was_made_here(arrival):
        return []
    return matching(settings.SIGN_IN_ROLES, arrival.way, arrival.values)


def arrive(arrival: Arrival) -> User:
    """Return the person of this outside account, with the roles that it gives now. Raises NameTaken and NoName."""
    try:
        return _arrive(arrival)
    except (IntegrityError, OutsideAccount.DoesNotExist, NameTaken, _Overtaken):
        # Another browser of the person, or an administrator, may have been first. A name that is taken still is.
        return _arrive(arrival)


@transaction.atomic
def _arrive(arrival: Arrival) -> User:
    found = account_of(arrival) or _first(arrival)
    if ADMIN in found.roles:  # who may lose the office; always locked before one person
        person_actions.lock_administrators()
    person = User.objects.select_for_update(no_key=True).get(pk=found.user_id)
    account = OutsideAccount.objects.get(pk=found.pk)
    if ADMIN in account.roles and ADMIN not in found.roles:
        raise _Overtaken  # to lock the administrators now, after the person, could wait for ever for whoever locks in order
    _follow(account, person, {rule.role for rule in rules_for(arrival)}, by=person)
    account.subject, account.used_at = arrival.subject, timezone.now()
    account.save(update_fields=["subject", "used_at", "roles"])
    return person


def account_of(arrival: Arrival) -> OutsideAccount | None:
    """Find the account by its subject, or by the name that an administrator linked and nobody has used yet.

    Raises NameTaken where the name was of an account that is gone there: it was given to somebody else. Raises HorizonOnly for a
    cloud user that the portal made and that is not linked: not yet, or no longer.
    """
    rows = OutsideAccount.objects.filter(way=arrival.way).select_related("user")
    if found := rows.filter(subject=arrival.subject).first():
        return found
    if _was_made_here(arrival):
        raise HorizonOnly
    alike = rows.filter(name__iexact=arrival.name)  # for PostgreSQL "ırıs" is "iris", too
    named = next((row for row in alike if row.name.lower() == arrival.name.lower()), None)
    if named and named.subject:
        raise NameTaken(name=arrival.name)
    return named


def _was_made_here(arrival: Arrival) -> bool:
    """Say whether this is a cloud user that the portal made itself."""
    if arrival.way != KEYSTONE:
        return False
    return is_ours(arrival.name) or CloudUser.objects.filter(subject=arrival.subject).exists()


def whose(arrival: Arrival) -> User | None:
    """Return the person of this outside account; None where a new one would be made. Raises NameTaken."""
    account = account_of(arrival)
    return account.user if account else None


def roles_after(arrival: Arrival, person: User | None) -> list[str]:
    """Return the roles that this person, or a new one, would have after signing in."""
    given = {rule.role for rule in rules_for(arrival)}
    if person is None:
        return _in_order({STUDENT} | given)
    rows = list(OutsideAccount.objects.filter(user=person))
    account = account_of(arrival)
    return _in_order(_by_hand(person, rows) | _given_by(row for row in rows if row != account) | given)


def _first(arrival: Arrival) -> OutsideAccount:
    """Make a person. Their roles come with the account's: see _follow."""
    sign_up.give_way(username=User.normalize_username(arrival.name.strip()), email=arrival.email.strip())
    person = User.objects.create_user(password=None, roles=[STUDENT], **columns_of_new(arrival))
    _record("create_person", person, {"way": arrival.way}, by=person)
    return OutsideAccount.objects.create(user=person, way=arrival.way, subject=arrival.subject, name=arrival.name)


def columns_of_new(arrival: Arrival) -> dict[str, str]:
    """Return the columns of a new person. An address that is wrong, or somebody's already, is left out. Raises NoName, NameTaken."""
    try:
        username = clean_username(arrival.name)
    except BadPerson:
        raise NoName(name=arrival.name) from None
    for email, name in ((arrival.email, arrival.full_name), ("", arrival.full_name), ("", "")):
        try:
            return checked(username=username, name=name, email=email)
        except BadPerson as refusal:
            if refusal.field == "username":
                raise NameTaken(name=arrival.name) from None
    raise NoName(name=arrival.name)


def take_roles_back(account: OutsideAccount, *, by: User | None) -> User:
    """Take away the roles that the table gave by this account alone: nobody keeps them by unlinking it. Return the person, locked."""
    person_actions.lock_administrators()  # always before one person
    person = User.objects.select_for_update(no_key=True).get(pk=account.user_id)
    for row in OutsideAccount.objects.filter(user=person, pk=account.pk):
        _follow(row, person, set(), by=by)
    return person


def _follow(account: OutsideAccount, person: User, given: set[str], *, by: User | None) -> None:
    """Give the roles that the table gives now, and take away those that only this account gave last time.

    What an administrator gave stays, also where the table gives it, too: an account keeps only what it brought.
    """
    rows = list(OutsideAccount.objects.filter(user=person))
    by_hand, elsewhere = _by_hand(person, rows), _given_by(row for row in rows if row.pk != account.pk)
    if ADMIN in account.roles and ADMIN not in given | elsewhere and not _others_administer(person):
        log.warning("person %s stays an administrator: there is no other with a password here", person.pk)
        given = given | {ADMIN}
    wanted = _in_order(by_hand | elsewhere | given)
    account.roles = [role for role in User.Role.values if role in given - by_hand]
    if wanted != person.roles:
        User.objects.filter(pk=person.pk).update(roles=wanted)
        person.roles = wanted
        _record("change_roles", person, {"way": account.way, "roles": wanted}, by=by)


def _given_by(rows: Iterable[OutsideAccount]) -> set[str]:
    """Return the roles that the table gave by these accounts."""
    return {role for row in rows for role in row.roles}


def _by_hand(person: User, rows: Iterable[OutsideAccount]) -> set[str]:
    """Return the roles that the table gave by none of a person's accounts."""
    return set(person.roles) - _given_by(rows)


def _in_order(roles: set[str]) -> list[str]:
    """Return the roles as they are kept. Whoever has none is a student."""
    return [role for role in User.Role.values if role in roles] or [STUDENT]


def _others_administer(person: User) -> bool:
    return any(row.pk != person.pk and row.has_usable_password() for row in person_actions.lock_administrators())


def _record(verb: str, person: User, detail: dict[str, Any], *, by: User | None) -> None:
    """Record what was brought about by signing in, or by unlinking. Nothing in a row names the person but their id."""
    record(by=by, verb=verb, whom=person, thing=Thing("person", person.pk), detail=detail, is_own_recorded=True)
