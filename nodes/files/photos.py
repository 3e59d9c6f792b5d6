"""The photos of an offer and of its computers: kept for a form, claimed by the offer, added later, removed, forgotten."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.models import Donor, User
from lib.notes import Refusal
from nodes.files import file_store, photo_bytes
from nodes.files.models import Photo
from nodes.files.photo_bytes import Picture
from nodes.models import Computer, Donation

MOST_OF_DONOR = 3  # of one offer
MOST_OF_COMPUTER = 12  # by staff
KEPT = timedelta(days=1)  # for a form that came back with an error


class TooManyPhotos(Refusal):
    """The offer or the computer has as many photos as it may have."""

    code = "too_many_photos"


@transaction.atomic
def keep_for_form(picture: Picture) -> Photo:
    """Keep a photo for a form that is not sent for good yet. Raises file_store.NoRoom."""
    return _save(picture, kept_until=timezone.now() + KEPT, is_donors=True)


def claim(photos: Collection[Photo], donation: Donation) -> None:
    """Make photos that were kept for a form those of its offer, in the transaction of the offer; one that is gone meanwhile is left out."""
    waiting = Photo.objects.filter(pk__in=[photo.pk for photo in photos], kept_until__gt=timezone.now(), donation=None)
    waiting.update(donation=donation, kept_until=None)


@transaction.atomic
def add_of_donor(picture: Picture, donation: Donation) -> Photo:
    """Add a photo that the donor sends afterwards. Raises TooManyPhotos, file_store.NoRoom."""
    Donation.objects.select_for_update().get(pk=donation.pk)
    if donation.photos.filter(is_donors=True).count() >= MOST_OF_DONOR:
        text = _("An offer has at most %(most)s photos. Remove one first.")
        raise TooManyPhotos(text, {"most": MOST_OF_DONOR})
    return _save(picture, donation=donation, is_donors=True)


@transaction.atomic
def add_of_staff(picture: Picture, computer: Computer, by: User) -> Photo:
    """Add a photo of a computer that staff took. Raises TooManyPhotos, file_store.NoRoom."""
    Computer.objects.select_for_update(of=("self",)).get(pk=computer.pk)
    if computer.photos.count() >= MOST_OF_COMPUTER:
        text = _("A computer has at most %(most)s photos. Remove one first.")
        raise TooManyPhotos(text, {"most": MOST_OF_COMPUTER})
    return _save(picture, donation=computer.donation, computer=computer, by=by, is_donors=False)


def _save(picture: Picture, **facts: object) -> Photo:
    file = file_store.keep(picture.jpeg, photo_bytes.MEDIA_TYPE)
    small = file_store.keep(picture.small, photo_bytes.MEDIA_TYPE)
    size = {"width": picture.width, "height": picture.height}
    return Photo.objects.create(file=file, small=small, **size, **facts)


@transaction.atomic
def remove(photos: Collection[Photo]) -> None:
    """Remove photos; their files follow a day later."""
    rows = list(Photo.objects.select_related("file", "small").filter(pk__in=[photo.pk for photo in photos]))
    Photo.objects.filter(pk__in=[row.pk for row in rows]).delete()
    file_store.drop([file for row in rows for file in (row.file, row.small)])


def forget(now: datetime) -> None:
    """Remove the photos of forms that were never sent."""
    remove(Photo.objects.filter(kept_until__lt=now)[: file_store.PAGE])


def erase_of(donor: Donor) -> None:
    """Remove the photos that a donor sent."""
    remove(Photo.objects.filter(donation__donor=donor, is_donors=True))
