"""Invite somebody to see what an organisation gave, take the invitation back, join, leave, and remove a member.

A row of an invitation is there while it is open: joining, taking it back and its end delete it, and with it the address of somebody who
may never have heard of the site.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts import emails, limits
from accounts.donors import donor_rows
from accounts.models import Donor, TeamInvitation, TeamMember, User
from accounts.person_names import clean_email
from lib.notes import Refusal
from nodes import what_came
from nodes.teams import team_mails

LIFE = timedelta(days=14)  # of an invitation
MOST = 50  # members and open invitations of a donor
AN_HOUR = 10  # invitations of a donor


class NoTeam(Refusal):
    """The donor is no organisation, or nothing of theirs has come."""

    code = "no_team"


class BadInvitation(Refusal):
    """The refusal of an address, or of one more."""

    status = 400
    code = "bad_invitation"


class TooManyInvitations(limits.TooManyFailures):
    """A donor invited too many people within an hour."""

    sentence = _("That is a lot of invitations at once. Wait %(wait)s, then invite the others.")


class BadLink(Refusal):
    """The refusal of a link that was used, taken back, or has ended: nobody learns which."""

    status = 404
    code = "bad_link"


def teams_of(user: User) -> QuerySet[Donor]:
    """Select the organisations in whose team a person is."""
    return Donor.objects.filter(team__user=user, erased_at=None)


def may_invite(donor: Donor) -> bool:
    """Say whether a donor may have a team: an organisation whose computer has come."""
    return bool(donor.organisation) and what_came.has_given(donor)


def has_page(donor: Donor) -> bool:
    """Say whether there is anything to see or to do about a team: also where its computers left, and members or invitations did not."""
    if not donor.organisation or may_invite(donor):
        return bool(donor.organisation)
    somebody = Q(team__isnull=False) | Q(team_invitations__isnull=False)
    return Donor.objects.filter(somebody, pk=donor.pk).exists()


@transaction.atomic
def invite(*, donor: Donor, email: str, address: str) -> TeamInvitation:
    """Mail an invitation; to somebody who has one it is sent anew, and the link before it ends. address: from which it is asked.

    Raises NoTeam, BadInvitation, accounts.person_names.BadPerson, limits.TooManyFailures.
    """
    email = emails.key(clean_email(email))
    if not email:
        raise BadInvitation(_("Type an address."))
    donor = _locked(donor)
    if not may_invite(donor):
        raise NoTeam(_("A team is for organisations that have a computer here."))
    if TeamMember.objects.filter(donor=donor, user__in=_people(email)).exists():
        raise BadInvitation(_("Somebody with this address is in your team already."))
    forget(donor)
    TeamInvitation.objects.filter(donor=donor, email=email).delete()
    if donor.team.count() + donor.team_invitations.count() >= MOST:
        raise BadInvitation(_("A team has at most %(most)s people. Remove somebody first."), {"most": MOST})
    _count(donor, address, email)
    now = timezone.now()
    row = TeamInvitation.objects.create(donor=donor, email=email, sent_at=now, expires_at=now + LIFE)
    team_mails.send(row, now)
    return row


def _people(email: str) -> Iterable[int]:
    """Return who has proven this address: of an address that somebody only typed nothing is told."""
    return [
        person.pk for person in User.objects.filter(email__iexact=email) if emails.key(emails.proven(person)) == email
    ]


def _count(donor: Donor, address: str, email: str) -> None:
    limits.count([limits.Limit(limits.key_of("team", str(donor.pk)), AN_HOUR)], TooManyInvitations)
    limits.mail(address=address, email=email)


@transaction.atomic
def withdraw(*, donor: Donor, invitation: int) -> bool:
    """Take an invitation back. Returns False where it is gone already."""
    return bool(TeamInvitation.objects.filter(donor=_locked(donor), pk=invitation).delete()[0])


@transaction.atomic
def remove(*, donor: Donor, member: int) -> bool:
    """Take somebody out of a team. Returns False where they are gone already."""
    return bool(TeamMember.objects.filter(donor=_locked(donor), pk=member).delete()[0])


@transaction.atomic
def leave(*, donor: Donor, user: User) -> None:
    """Take oneself out of a team."""
    TeamMember.objects.filter(donor=donor, user=user).delete()


def read(text: str) -> TeamInvitation:
    """Return the open invitation of a link. Raises BadLink."""
    try:
        pk = team_mails.SIGNER.unsign_object(text, max_age=LIFE)
        rows = TeamInvitation.objects.select_related("donor")
        return rows.get(pk=pk, donor__erased_at=None, expires_at__gt=timezone.now())
    except (signing.BadSignature, TeamInvitation.DoesNotExist, ValueError, TypeError):
        text = _("This invitation was used, taken back, or has ended. Ask for another one.")
        raise BadLink(text) from None


@transaction.atomic
def join(*, text: str, user: User) -> Donor:
    """Use an invitation, once. Raises BadLink, BadInvitation, also for somebody who was removed or blocked meanwhile."""
    donor = read(text).donor
    user = donor_rows.lock(user)  # first, as where a person is removed
    if user.removed_at or not user.is_active:
        raise BadInvitation(_("Your account was ended meanwhile. Nothing can be changed any more."))
    donor = _locked(donor)
    if donor.user_id == user.pk:
        raise BadInvitation(_("It is your own organisation: you see all of it under Donating."))
    if not TeamInvitation.objects.filter(pk=read(text).pk).delete()[0]:
        raise BadLink(_("This invitation was used, taken back, or has ended. Ask for another one."))
    TeamMember.objects.get_or_create(donor=donor, user=user)
    return donor


def forget(donor: Donor | None = None) -> None:
    """Delete invitations that have ended. donor: None for all."""
    rows = TeamInvitation.objects.filter(expires_at__lte=timezone.now())
    (rows.filter(donor=donor) if donor else rows).delete()


def _locked(donor: Donor) -> Donor:
    donor = Donor.objects.select_for_update().get(pk=donor.pk)
    if donor.erased_at:
        raise NoTeam(_("This was erased meanwhile. Nothing can be changed any more."))
    return donor
