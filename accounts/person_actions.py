"""Act on accounts, as administrators do: create, change roles, mail a link, block, and remove.

`by` is None for a command on the server. The last administrator keeps the office: the rows of all administrators are locked for it.
"""

from collections.abc import Collection
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts import emails, people_mails, second_steps, security_mails, sign_up, tokens
from accounts.audit.trail import Thing, record
from accounts.donors import donor_rows
from accounts.models import (
    BrowserSession,
    Donor,
    Notice,
    OnceKey,
    OutsideAccount,
    SignIn,
    TeamMember,
    Unsubscribed,
    User,
)
from accounts.outside.own_password import has_no_password_here
from accounts.people_search import holds
from accounts.person_names import BadPerson, checked, clean_email, free_username, is_anybodys, taken
from lib import doorbell, events
from lib.notes import Refusal

ADMIN = User.Role.ADMIN


class LastAdministrator(Refusal):
    """The last administrator may not block, remove or demote themselves."""

    code = "last_administrator"


class IsRemoved(Refusal):
    """The person was removed: nothing can be changed any more."""

    code = "person_removed"


class NoAddress(Refusal):
    """No mail reaches the person."""

    code = "no_address"


@transaction.atomic
def create(
    *, username: str, name: str, email: str, roles: Collection[str], by: User | None, invite: bool = False
) -> User:
    """Create an account without a password, and mail a link to choose one where `invite` says so. Raises BadPerson.

    Without a username the person is called by what stands before the @ of the address, with a number where that is taken.
    """
    if invite and not email.strip():
        raise BadPerson(_("An invitation needs an e-mail address."), field="email")
    if not (username.strip() or email.strip()):
        raise BadPerson(_("Give a username, or an e-mail address from which one can be made."), field="username")
    sign_up.give_way(username=User.normalize_username(username.strip()), email=email.strip())
    facts = checked(username=username or (free_username(email) if email else ""), name=name, email=email)
    try:
        with transaction.atomic():
            person = User.objects.create_user(password=None, roles=known_roles(roles), **facts)
    except IntegrityError:  # another administrator was first
        raise taken("username") from None
    _record(by, "create_person", person, roles=sorted(person.roles))
    if invite:
        _send_link(person)
    return person


@transaction.atomic
def change_roles(*, person: User, roles: Collection[str], by: User | None) -> User:
    """Give a person these roles instead of those that they have. Raises BadPerson and LastAdministrator."""
    wanted = known_roles(roles)
    person = _locked(person, leaves_office=ADMIN not in wanted)
    changes: dict[str, Any] = {"roles": wanted}
    if ADMIN not in wanted:
        changes |= {"is_superuser": False, "is_staff": False}
    if all(getattr(person, name) == value for name, value in changes.items()):
        return person
    _update(person, **changes)
    _forget_given_roles(person, wanted)
    _record(by, "change_roles", person, roles=sorted(wanted))
    return person


def _forget_given_roles(person: User, wanted: list[str]) -> None:
    """Forget that the table gave a role that is taken away now: whoever gets it again by hand keeps it."""
    for account in OutsideAccount.objects.filter(user=person).exclude(roles__contained_by=wanted):
        kept = [role for role in account.roles if role in wanted]
        OutsideAccount.objects.filter(pk=account.pk).update(roles=kept)


@transaction.atomic
def change(*, person: User, by: User | None, roles: Collection[str] | None = None, blocked: bool | None = None) -> User:
    """Change roles, and block or unblock; None leaves it as it is. All or nothing. Raises BadPerson and LastAdministrator."""
    if roles is not None:
        person = change_roles(person=person, roles=roles, by=by)
    if blocked is not None:
        person = (block if blocked else unblock)(person=person, by=by)
    return person


@transaction.atomic
def change_address(*, person: User, email: str, by: User | None) -> User:
    """Write down another e-mail address, which counts as verified as in `create`. The old one gets a mail, and links sent there end.

    Raises BadPerson.
    """
    person, email = _locked(person), clean_email(email)
    if not email:
        raise BadPerson(_("Type an address."), field="email")
    old = person.email
    if emails.key(old) == emails.key(email):
        raise BadPerson(_("This is the address already."), field="email")
    sign_up.give_way(username="", email=email)
    if is_anybodys(email, but=person):
        raise taken("email")
    EmailAddress.objects.filter(user=person).delete()
    _update(person, email=email, links_sent=person.links_sent + 1)
    emails.trust(person)
    if old:
        security_mails.send(person, "address", to=old)
    _record(by, "change_address", person)
    return person


@transaction.atomic
def send_link(*, person: User, by: User | None) -> User:
    """Mail a link to choose a password: an invitation where there is none yet.

    Raises NoAddress, and Refusal for somebody who is blocked, or signs in with an account elsewhere.
    """
    person = _locked(person)
    if not person.is_active:
        raise Refusal(_("This person is blocked. Unblock them first."), code="blocked")
    if has_no_password_here(person):
        raise Refusal(_("This person signs in with an external account. Unlink it first."), code="outside_account")
    if not emails.proven(person):
        raise NoAddress(_("No mail reaches this person: there is no e-mail address, or it is another person's."))
    _send_link(person)
    _record(by, "send_link", person)
    return person


def _send_link(person: User) -> None:
    invited_at = person.invited_at if person.has_usable_password() else timezone.now()
    _update(person, links_sent=person.links_sent + 1, invited_at=invited_at)
    people_mails.send_links([person], timezone.now())


@transaction.atomic
def end_second_step(*, person: User, by: User | None) -> User:
    """Let a person who has lost phone and codes in with their password alone. They are told by mail."""
    person = _locked(person)
    if second_steps.end(person):
        _record(by, "end_second_step", person)
        security_mails.send(person, "second_step_ended")
    return person


@transaction.atomic
def block(*, person: User, by: User | None) -> User:
    """End sessions, tokens and open connections. The machines sleep and their ports close at the next turn of machines' loop."""
    person = _locked(person, leaves_office=True)
    if person.is_active:
        _shut_out(person)
        _record(by, "block_person", person)
    return person


@transaction.atomic
def unblock(*, person: User, by: User | None) -> User:
    """Let a person sign in again. Machines stay asleep until they are woken."""
    person = _locked(person)
    if not person.is_active:
        _update(person, is_active=True)
        _record(by, "unblock_person", person)
        _ring(person)
    return person


@transaction.atomic
def remove(*, person: User, by: User | None) -> None:
    """Erase what is personal of a person; the row stays, without a name. Machines go to the bin at the next turn of machines' loop."""
    person = _locked(person, leaves_office=True)
    # Before the person's key changes: whoever holds a donor's row writes rows that name the person, and waits for that.
    donors = list(Donor.objects.select_for_update().filter(user=person))
    _record(by, "remove_person", person)
    _shut_out(person)
    _update(
        person, username=f"removed-{person.uuid.hex[:12]}", first_name="", last_name="", email="", language="",
        time_zone="", browser_time_zone="", browser_language="", roles=[User.Role.STUDENT.value], is_superuser=False, is_staff=False,
        last_login=None, invited_at=None,
        removed_at=timezone.now(), password=make_password(None),
    )  # fmt: skip
    person.ssh_keys.all().delete()
    for model in (
        SignIn,
        BrowserSession,
        OnceKey,
        Unsubscribed,
        EmailAddress,
        OutsideAccount,
        Authenticator,
        TeamMember,
    ):
        model._default_manager.filter(user=person).delete()  # type: ignore[misc]
    Notice.objects.filter(recipient=person).delete()
    for donor in donors:
        donor_rows.erase(donor)


def _shut_out(person: User) -> None:
    _update(person, is_active=False, sign_outs=person.sign_outs + 1)
    tokens.end_all(person)
    _ring(person)


def _ring(person: User) -> None:
    """Wake those who follow accounts: machines, and open connections. Both find it by themselves, a little later."""
    doorbell.ring("machines.tasks.follow_accounts")
    events.publish("person", person.pk)


def known_roles(roles: Collection[str]) -> list[str]:
    """Return the roles, each once, in the order of their list. Raises BadPerson for none, and for one that is none."""
    if not roles or not set(roles) <= set(User.Role.values):
        raise BadPerson(_("Choose at least one of the roles."), field="roles")
    return [role for role in User.Role.values if role in roles]


def lock_administrators() -> list[User]:
    """Lock the rows of all administrators until the transaction ends, and return them. Whoever waits sees what the first one did."""
    rows = User.objects.filter(holds(ADMIN), is_active=True)
    return list(rows.select_for_update(no_key=True).order_by("pk"))


def _locked(person: User, *, leaves_office: bool = False) -> User:
    """Read the row again and lock it. Raises IsRemoved, and LastAdministrator where no administrator would remain."""
    administrators = lock_administrators() if leaves_office else []
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    if person.removed_at:
        raise IsRemoved(_("This person was removed. Nothing can be changed any more."))
    # Who was invited and never came is none yet: nobody could sign in.
    others = [row for row in administrators if row.pk != person.pk and row.has_usable_password()]
    if not others and person.pk in {row.pk for row in administrators}:
        raise LastAdministrator(_("This is the last administrator. Make somebody else one first."))
    return person


def _update(person: User, **changes: Any) -> None:
    User.objects.filter(pk=person.pk).update(**changes)
    for name, value in changes.items():
        setattr(person, name, value)


def _record(by: User | None, verb: str, person: User, **detail: Any) -> None:
    """Record an act. A row names nobody but by id, so that nothing in it has to be erased with them."""
    record(by=by, verb=verb, whom=person, thing=Thing("person", person.pk), detail=detail, is_own_recorded=True)
