"""Say by hand which person here is which account elsewhere. Nobody becomes somebody else by having the same name."""

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop as _

from accounts import proofs, security_mails, tokens
from accounts.audit.trail import Thing, record
from accounts.browsers import browser_sessions
from accounts.models import OutsideAccount, User
from accounts.outside.arrivals import Arrival, take_roles_back
from accounts.outside.sign_in import LONGEST_NAME, ways
from accounts.person_actions import IsRemoved
from lib.notes import Refusal


class CannotLink(Refusal):
    """An account that cannot be linked, at `field`."""

    status = 400
    code = "invalid"

    def __init__(self, text: str, *, field: str = "name") -> None:
        super().__init__(text)
        self.field = field


@transaction.atomic
def link(*, person: User, way: str, name: str, by: User | None) -> OutsideAccount:
    """Have a person sign in with the account of this name from now on, and no longer with a password here. They are told by mail.

    name: as it is typed there. Raises CannotLink, IsRemoved.
    """
    name = name.strip()
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if person.removed_at:
        raise IsRemoved(_("This person was removed. Nothing can be changed any more."))
    if way not in ways():
        raise CannotLink(_("Nobody signs in that way here."), field="way")
    if not name or len(name) > LONGEST_NAME:
        raise CannotLink(_("Type the name that they sign in with there."))
    if User.Role.ADMIN in person.held_roles:
        raise CannotLink(_("An administrator keeps a password here, in case that server is away."), field="way")
    try:
        with transaction.atomic():
            account = OutsideAccount.objects.create(user=person, way=way, name=name)
    except IntegrityError:
        raise CannotLink(_("This account is somebody's already, or this person has another one there.")) from None
    User.objects.filter(pk=person.pk).update(password=make_password(None))  # ends their sessions, too
    tokens.end_all(person)
    _record("link_account", account, by)
    security_mails.send(person, "linked_instead")
    return account


@transaction.atomic
def link_own(*, person: User, arrival: Arrival, address: str = "") -> OutsideAccount:
    """Have a person sign in with this account of theirs, too: they have just shown that it is theirs. They are told by mail.

    `person`: as they were when they typed their password. `address`: from which they do it. Raises CannotLink, and
    proofs.ChangedMeanwhile.
    """
    row = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    proofs.require_same(row, person.get_session_auth_hash())
    try:
        with transaction.atomic():
            account = OutsideAccount.objects.create(
                user=person, way=arrival.way, subject=arrival.subject, name=arrival.name
            )
    except IntegrityError:
        raise CannotLink(_("This account is somebody's already, or you have another one there.")) from None
    _record("link_account", account, person)
    security_mails.send(person, "linked", address=address)
    return account


@transaction.atomic
def unlink(*, account: OutsideAccount, by: User | None, address: str = "") -> None:
    """End a person's sign-in with this account, and the roles that it gave. Where somebody else does it, they are signed out everywhere.

    They are told by mail. `address`: from which they do it themselves. Unless they have a password here, somebody mails them a link
    to choose one.
    """
    person = take_roles_back(account, by=by)
    _record("unlink_account", account, by)
    account.delete()
    security_mails.send(person, "unlinked", address=address)
    if by is None or by.pk != person.pk:
        browser_sessions.end_all(person, with_tokens=True)


def _record(verb: str, account: OutsideAccount, by: User | None) -> None:
    thing, detail = Thing("person", account.user_id), {"way": account.way}
    record(by=by, verb=verb, whom=account.user_id, thing=thing, detail=detail, is_own_recorded=True)
