"""The link by which a donor without an account follows what they gave. It is mailed to them, and kept nowhere."""

from datetime import timedelta

from django.core import signing
from django.utils.translation import gettext_noop as _

from accounts.donors.models import Donor
from lib.notes import Refusal

LIFE = timedelta(days=200)
ERASURE_LIFE = timedelta(days=1)
_SIGNER = signing.TimestampSigner(salt="accounts.donors.donor_links")
_ERASER = signing.TimestampSigner(salt="accounts.donors.donor_links.erase")


class BadLink(Refusal):
    """The refusal of a link that is incomplete, too old, or replaced by a newer one."""

    status = 404
    code = "bad_link"


def token(donor: Donor) -> str:
    """Return the text of a link of the donor, as good as the one that they opened last."""
    return _signed(donor, donor.links)


def new_token(donor: Donor) -> str:
    """Return the text of a link whose first opening ends those before it."""
    return _signed(donor, donor.links + 1)


def _signed(donor: Donor, links: int) -> str:
    return str(_SIGNER.sign_object([donor.pk, links]))


def erasure_token(donor: Donor) -> str:
    """Return the text of a link that erases the donor's data. It works once: they are erased then."""
    return str(_ERASER.sign_object(donor.pk))


def read_erasure(text: str) -> Donor:
    """Return whose data such a link erases. Raises BadLink."""
    try:
        pk = _ERASER.unsign_object(text, max_age=ERASURE_LIFE)
        return Donor.objects.get(pk=pk, erased_at=None)
    except (signing.BadSignature, Donor.DoesNotExist, ValueError, TypeError):
        raise BadLink(_("This link has ended, or everything is erased already.")) from None


def read(text: str) -> Donor:
    """Return whose link it is. Raises BadLink."""
    return _read(text)[0]


def follow(text: str) -> Donor:
    """Return whose link it is, and end those that were mailed before it was asked for. Raises BadLink.

    Asking ends nothing: anybody can type an address. Opening does: so whoever reads the donor's mail, and nobody else, ends a link
    that came into other hands.
    """
    donor, links = _read(text)
    if donor.links < links:
        Donor.objects.filter(pk=donor.pk, links__lt=links).update(links=links)
        donor.links = links
    return donor


def _read(text: str) -> tuple[Donor, int]:
    try:
        pk, links = _SIGNER.unsign_object(text, max_age=LIFE)
        return Donor.objects.get(pk=pk, links__lte=links, erased_at=None), links
    except (signing.BadSignature, Donor.DoesNotExist, ValueError, TypeError):
        text = _("This link has ended. Write your address below, and we mail you another one.")
        raise BadLink(text) from None
