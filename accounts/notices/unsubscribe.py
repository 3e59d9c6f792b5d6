"""Links in mails by which a person ends one kind of mails without signing in. They never expire, as the law of many countries demands."""

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext_noop as _

from accounts.models import Unsubscribed, User
from accounts.notices.kinds import Kind, kind_of
from lib.notes import Refusal

_SIGNER = signing.Signer(salt="accounts.notices.unsubscribe", sep=".")


class BadLink(Refusal):
    """The link was not made by us, was cut off by a mail program, or is of somebody who is gone."""

    status = 404
    code = "bad_link"


def token(person: User, kind: Kind) -> str:
    """Return the signed part of a link that ends this kind for this person. It works without a sign-in, and does not expire."""
    return _SIGNER.sign(f"{person.pk}-{kind.name}")


def address(person: User, kind: Kind) -> str:
    """Return the whole link, as it stands in a mail."""
    return f"{settings.PORTAL_URL}{reverse('notice-unsubscribe', args=[token(person, kind)])}"


def read(text: str) -> tuple[User, Kind]:
    """Return the person and the kind of a link. Raises BadLink."""
    try:
        number, _dash, name = _SIGNER.unsign(text).partition("-")
    except signing.BadSignature:
        raise BadLink(_("This link is incomplete, or not one of ours. Copy the whole line from the mail.")) from None
    try:
        person, kind = User.objects.get(pk=number), kind_of(name)
    except (User.DoesNotExist, LookupError):
        raise BadLink(_("There are no such mails any more.")) from None
    if not kind.may_unsubscribe:
        raise BadLink(_("There are no such mails any more."))
    return person, kind


def is_ended(person: User, kind: Kind) -> bool:
    """Say whether this person has unsubscribed from this kind."""
    return Unsubscribed.objects.filter(user=person, kind=kind.name).exists()


def end(person: User, kind: Kind) -> None:
    """Send this person no more mails of this kind."""
    Unsubscribed.objects.get_or_create(user=person, kind=kind.name)


def begin_again(person: User, kind: Kind) -> None:
    """Send this person mails of this kind again."""
    Unsubscribed.objects.filter(user=person, kind=kind.name).delete()
