"""The link by which a donor without an account follows what they gave. It is mailed to them, and kept nowhere."""

from datetime import timedelta

from django.core import signing
from django.utils.translation import gettext_noop as _

from accounts.donors.models import Donor
from lib.notes import Refusal

LIFE = timedelta(days=200)
_SIGNER = signing.TimestampSigner(salt="accounts.donors.donor_links")


class BadLink(Refusal):
    """The refusal of a link that is incomplete, too old, or replaced by a newer one."""

    status = 404
    code = "bad_link"


def token(donor: Donor) -> str:
    """Return the text of the donor's newest link."""
    return str(_SIGNER.sign_object([donor.pk, donor.links]))


def read(text: str) -> Donor:
    """Return whose link it is. Raises BadLink."""
    try:
        pk, links = _SIGNER.unsign_object(text, max_age=LIFE)
        return Donor.objects.get(pk=pk, links=links, erased_at=None)
    except (signing.BadSignature, Donor.DoesNotExist, ValueError, TypeError):
        text = _("This link has ended. Write your address below, and we mail you another one.")
        raise BadLink(text) from None
