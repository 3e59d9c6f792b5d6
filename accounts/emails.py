"""E-mail addresses: one counts once it is proven, by the university that wrote it down or by a link that was mailed there."""

from unicodedata import normalize

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Lower

from accounts.models import User
from lib.names import MOST_READ


def proven(user: User) -> str:
    """Return where mails may go, or an empty text."""
    is_proven = user.email and EmailAddress.objects.filter(user=user, email=key(user.email), verified=True).exists()
    return user.email if is_proven else ""


def people_at(address: str) -> QuerySet[User]:
    """Select everybody whose proven address this is: nobody, or one person."""
    theirs = EmailAddress.objects.filter(user=OuterRef("pk"), email=Lower(OuterRef("email")), verified=True).filter(
        email=key(address)
    )
    return User.objects.filter(Exists(theirs), email__iexact=key(address))


def trust(user: User) -> bool:
    """Take the person's address as proven. False where it is another's already, or there is none."""
    if not user.email:
        return False
    address = key(user.email)
    theirs = EmailAddress.objects.filter(user=user)
    rows = list(theirs)
    row = next((row for row in rows if row.email == address), None) or EmailAddress(user=user, email=address)
    if row.verified:
        return True
    row.verified, row.primary = True, not any(row.primary for row in rows)
    try:
        with transaction.atomic():
            row.save(update_fields=["verified", "primary"] if row.pk else None)
    except IntegrityError:  # somebody else has proven it, or another request of this person was first
        return bool(theirs.filter(email=address, verified=True).exists())
    return True


def key(address: str) -> str:
    """Return the form in which two spellings of an address are one."""
    return normalize("NFKC", address[:MOST_READ]).strip().lower()
