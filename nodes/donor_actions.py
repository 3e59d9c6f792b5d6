"""Offer by a form or a program, and get another link: what donors do without an account."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts import emails
from accounts.audit.trail import Thing, record
from accounts.donors import donor_rows
from accounts.models import Donor, SubscriptionEntry, Unsubscribed, User
from lib.notes import Refusal
from nodes import actions, mails
from nodes.files import photos as photo_rows
from nodes.models import Donation, Photo
from nodes.subscriptions import grant_rows

_AT_ONCE = 50  # donors of a turn
_NAMED = 10  # donations of a donor that a row of the audit log names


@dataclass(frozen=True, slots=True)
class Who:
    """A donor as they describe themselves. `user`: who is signed in, else None."""

    email: str
    name: str
    organisation: str = ""
    user: User | None = None
    language: str = ""
    browser_time_zone: str = ""


def name_of(person: User) -> str:
    """Return the name with which a person offers who says no other, as long as a donor's may be."""
    return (person.get_full_name() or person.username)[: Donor._meta.get_field("name").max_length]


def offer(
    *,
    who: Who,
    computers: Sequence[actions.Offered],
    handover: str,
    message: str = "",
    sent_as: str | None = None,
    by: User | None = None,
    photos: Collection[Photo] = (),
) -> Donation:
    """Write an offer and its donor down, as one, with photos that were kept for the form. Raises BadInput.

    The same form sent twice (`sent_as`) is one offer. by: the administrator who writes down what somebody else gives.
    """
    try:
        return _offer(who, computers, handover, message, sent_as, by, photos)
    except IntegrityError:
        if found := sent(sent_as):  # the other press was first
            return found
        raise


@transaction.atomic
def _offer(
    who: Who,
    computers: Sequence[actions.Offered],
    handover: str,
    message: str,
    sent_as: str | None,
    by: User | None,
    photos: Collection[Photo],
) -> Donation:
    donor = donor_rows.find_or_make(
        email=who.email, name=who.name, organisation=who.organisation, user=who.user, language=who.language,
        browser_time_zone=who.browser_time_zone,
    )  # fmt: skip
    row = actions.offer(donor=donor, computers=computers, handover=handover, message=message, sent_as=sent_as)
    photo_rows.claim(photos, row)
    if by is not None:
        record(by=by, verb="write_down_donation", whom=donor.user_id, thing=Thing("donation", row.pk, row.number))
    return row


def sent(sent_as: str | None) -> Donation | None:
    """Return what this form became, if it was sent before."""
    found = Donation.objects.filter(sent_as=sent_as) if sent_as else Donation.objects.none()
    return found.select_related("donor").first()


@transaction.atomic
def tie(*, donor: Donor, user: User) -> None:
    """Tie a donor to an account, and tell their own address of it where it is not the account's. Raises TiedElsewhere."""
    is_tied = Donor.objects.filter(pk=donor.pk, user=user).exists()
    donor_rows.tie(donor=donor, user=user)
    if is_tied:
        return
    thing = Thing("donor", donor.pk, _numbers_of(donor))
    record(by=user, verb="tie_donor", whom=user, thing=thing, is_own_recorded=True)
    if donor.user_id != user.pk and emails.key(emails.proven(user)) != donor.email:
        mails.tell_of_tie(donor, user, timezone.now())


@transaction.atomic
def mail_new_link(*, email: str) -> None:
    """Mail another link to this address. For one of which nothing was offered nothing happens. Older links end when it is opened first."""
    donor = Donor.objects.filter(email=emails.key(email), erased_at=None).first()
    if donor is not None:
        mails.send_link(donor, timezone.now())


class HasAccount(Refusal):
    """The donor's data are part of an account: they are erased with it."""

    code = "has_account"


def ask_to_erase(*, donor: Donor) -> None:
    """Mail the donor a link that erases their data: whoever has come by the link to their page alone erases nothing. Raises HasAccount."""
    _check_no_account(donor)
    mails.send_erasure_link(donor, timezone.now())


@transaction.atomic
def erase(*, donor: Donor, by: User | None = None) -> None:
    """Erase name, address, words, photos, links and mails of a donor without an account. What was given stays in the ledger, without a name.

    by: the administrator who does it for them; None: they themselves. Raises HasAccount.
    """
    _lock_offers(Donation.objects.filter(donor=donor))
    row = Donor.objects.select_for_update().get(pk=donor.pk)
    if row.erased_at:
        return
    _check_no_account(row)
    _erase(row)
    if by is not None:
        record(by=by, verb="erase_donor", thing=Thing("donor", row.pk, _numbers_of(row)))


@transaction.atomic
def erase_own(*, user: User) -> None:
    """Erase what is kept of a person as a donor, as they wish. Their account stays; what their computers gave them on the cluster ends.

    No row ties the account to the computers afterwards, but for those of the audit log, which nobody changes.
    """
    user = donor_rows.lock(user)
    _lock_offers(Donation.objects.filter(donor__user=user))
    row = Donor.objects.select_for_update().filter(user=user, erased_at=None).first()
    if row is None:
        return
    _erase(row)
    grant_rows.part(row, timezone.now())
    SubscriptionEntry.objects.filter(subscription__donor=row, by=user).update(by=None)
    mails.to_account(user).delete()
    Unsubscribed.objects.filter(user=user, kind__startswith="donation.").delete()
    donor_rows.take_role(user)


def _lock_offers(rows: "QuerySet[Donation]") -> None:
    """Lock offers before their donor: a step holds them, too, and writes a mail that waits for the donor."""
    list(rows.select_for_update(of=("self",), no_key=True).order_by("pk"))


def _erase(row: Donor) -> None:
    donor_rows.erase(row)
    _erase_words(Donation.objects.filter(donor=row))
    photo_rows.erase_of(row)


def note_download(*, donor: Donor, by: User) -> None:
    """Record that an administrator takes all that is kept of a donor."""
    record(by=by, verb="download_donor", whom=donor.user_id, thing=Thing("donor", donor.pk, _numbers_of(donor)))


def _check_no_account(donor: Donor) -> None:
    if donor.user_id is not None:
        raise HasAccount(
            _("What was given is part of an account. Its owner signs in and erases it there, under Donating.")
        )


def follow_erased() -> None:
    """Erase words and photos of donors who were erased: where their computers are, and what they said of the list."""
    _erase_words(Donation.objects.filter(donor__erased_at__isnull=False))
    with_photos = Donor.objects.filter(erased_at__isnull=False, donations__photos__is_donors=True)
    for donor in with_photos.distinct()[:_AT_ONCE]:
        photo_rows.erase_of(donor)


def _erase_words(rows: "QuerySet[Donation]") -> None:
    rows.exclude(message="", confirm_note="", sent_as=None).update(message="", confirm_note="", sent_as=None)


def _numbers_of(donor: Donor) -> str:
    """Return the numbers of a donor's donations, by which the audit log names them: a name could not be erased there."""
    return ", ".join(row.number for row in donor.donations.order_by("pk")[:_NAMED])
