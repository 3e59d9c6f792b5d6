"""Links in mails by which a person or a donor ends one kind of mails without signing in. They never expire, as the law of many countries demands.

A donor with an account is that account: what they choose by an old link, from before, counts for it too.
"""

from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_noop as _

from accounts.models import Donor, Unsubscribed, User
from accounts.notices.kinds import Kind, kind_of
from lib.notes import Refusal

_SIGNER = signing.Signer(salt="accounts.notices.unsubscribe", sep=".")
_DONOR = "d"  # before the number of a donor


class BadLink(Refusal):
    """The link was not made by us, was cut off by a mail program, or is of somebody who is gone."""

    status = 404
    code = "bad_link"


def token(reader: User | Donor, kind: Kind) -> str:
    """Return the signed part of a link that ends this kind for this reader. It works without a sign-in, and does not expire."""
    return _SIGNER.sign(f"{_DONOR if isinstance(reader, Donor) else ''}{reader.pk}-{kind.name}")


def address(reader: User | Donor, kind: Kind) -> str:
    """Return the whole link, as it stands in a mail."""
    return f"{settings.PORTAL_URL}{reverse('notice-unsubscribe', args=[token(reader, kind)])}"


def read(text: str) -> tuple[User | Donor, Kind]:
    """Return the reader and the kind of a link. Raises BadLink."""
    try:
        number, _dash, name = _SIGNER.unsign(text).partition("-")
    except signing.BadSignature:
        raise BadLink(_("This link is incomplete, or not one of ours. Copy the whole line from the mail.")) from None
    try:
        reader, kind = _reader(number), kind_of(name)
    except (User.DoesNotExist, Donor.DoesNotExist, LookupError):
        raise BadLink(_("There are no such mails any more.")) from None
    if not kind.may_unsubscribe:
        raise BadLink(_("There are no such mails any more."))
    return reader, kind


def _reader(number: str) -> User | Donor:
    if number.startswith(_DONOR):
        return Donor.objects.select_related("user").get(pk=number.removeprefix(_DONOR), erased_at=None)
    return User.objects.get(pk=number)


def is_ended(reader: User | Donor, kind: Kind) -> bool:
    """Say whether this reader has unsubscribed from this kind."""
    return Unsubscribed.objects.filter(**_whose(reader), kind=kind.name).exists()


@transaction.atomic
def end(reader: User | Donor, kind: Kind) -> None:
    """Send this reader no more mails of this kind."""
    if whose := _locked(reader):
        Unsubscribed.objects.get_or_create(**whose, kind=kind.name)


@transaction.atomic
def begin_again(reader: User | Donor, kind: Kind) -> None:
    """Send this reader mails of this kind again."""
    if whose := _locked(reader):
        Unsubscribed.objects.filter(**whose, kind=kind.name).delete()


def _locked(reader: User | Donor) -> dict[str, Any]:
    """Return whose choice it is, of a donor under their lock: somebody may tie or erase them meanwhile. Empty for one who was erased."""
    if isinstance(reader, User):
        return _whose(reader)
    donor = Donor.objects.select_for_update().filter(pk=reader.pk, erased_at=None).first()
    return _whose(donor) if donor else {}


def _whose(reader: User | Donor) -> dict[str, Any]:
    if isinstance(reader, User):
        return {"user_id": reader.pk}
    return {"user_id": reader.user_id} if reader.user_id else {"donor_id": reader.pk}
