"""Find or make a donor's row, verify its address, tie it to an account, erase it."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts import emails
from accounts.donors.models import Donor, SharePicture, TeamInvitation, TeamMember, WallThanks
from accounts.models import Notice, Subscription, Unsubscribed, User
from lib.notes import Refusal


class TiedElsewhere(Refusal):
    """The donor has an account already, or the person another donor's row."""

    code = "tied_elsewhere"


@transaction.atomic
def find_or_make(
    *, email: str, name: str, organisation: str, user: User | None, language: str, browser_time_zone: str
) -> Donor:
    """Return the donor of this address, made where there is none. Belongs into the transaction of the offer.

    user: the signed-in person who offers, where it is their proven address. A row that is there keeps its name: a stranger
    may have typed the address.
    """
    facts = {
        "name": name, "organisation": organisation, "language": language, "browser_time_zone": browser_time_zone,
    }  # fmt: skip
    if user:
        lock(user)
    rows = Donor.objects.select_for_update()  # so that nobody ties or erases it meanwhile
    theirs = rows.filter(user=user).first() if user else None
    donor = theirs or rows.get_or_create(email=emails.key(email), defaults=facts)[0]
    if user and donor.user_id is None and emails.key(emails.proven(user)) == donor.email:
        _tie(donor, user)
    return donor


@transaction.atomic
def verify(donor: Donor) -> None:
    """Note that whoever reads mail at the donor's address acted."""
    Donor.objects.filter(pk=donor.pk, verified_at=None).update(verified_at=timezone.now())


@transaction.atomic
def tie(*, donor: Donor, user: User) -> None:
    """Tie the donor's row to an account: its owner becomes a donor. Raises TiedElsewhere, also where one of the two was erased meanwhile."""
    user = lock(user)  # first, as where a person is removed
    donor = Donor.objects.select_for_update().get(pk=donor.pk)
    if donor.erased_at or user.removed_at:
        raise TiedElsewhere(_("This was erased meanwhile. Nothing can be changed any more."))
    if donor.user_id == user.pk:
        return
    if donor.user_id is not None:
        raise TiedElsewhere(_("This donation belongs to another account already."))
    if Donor.objects.filter(user=user).exists():
        raise TiedElsewhere(_("Your account has donations of another address already. Write to us, and we join them."))
    _tie(donor, user)


def _tie(donor: Donor, user: User) -> None:
    donor.user, donor.verified_at = user, donor.verified_at or timezone.now()
    donor.save(update_fields=["user", "verified_at"])
    TeamMember.objects.filter(donor=donor, user=user).delete()  # it is their own now
    ended = Unsubscribed.objects.filter(donor=donor)  # what they chose before counts for the account
    rows = [Unsubscribed(user=user, kind=row.kind, at=row.at) for row in ended]
    Unsubscribed.objects.bulk_create(rows, ignore_conflicts=True)
    ended.delete()
    give_role(user)


def give_role(user: User) -> User:
    """Make somebody a donor who has a donation or a subscription. Returns their locked row."""
    user = lock(user)
    if User.Role.DONOR not in user.roles:
        user.roles = [*user.roles, User.Role.DONOR.value]
        user.save(update_fields=["roles"])
    return user


def take_role(user: User) -> None:
    """Take the role donor from a person, locked by the caller, who has no subscription any more. Nobody is left without a role."""
    others = [role for role in user.roles if role != User.Role.DONOR]
    if others and others != user.roles and not Subscription.objects.of(user).exists():
        user.roles = others
        user.save(update_fields=["roles"])


def lock(user: User) -> User:
    """Lock a person's row, so that of two donors' rows one at most becomes theirs, and read it again."""
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def erase(donor: Donor) -> None:
    """Erase what is personal; what was given stays in the ledger."""
    Unsubscribed.objects.filter(donor=donor).delete()
    Donor.objects.filter(pk=donor.pk).update(
        email=f"erased-{donor.pk}@invalid", name="-", organisation="", language="", browser_time_zone="",
        verified_at=None, links=F("links") + 1, user=None, erased_at=timezone.now(),
    )  # fmt: skip
    for model in (WallThanks, SharePicture, TeamMember, TeamInvitation, Notice):
        model._default_manager.filter(donor=donor).delete()
