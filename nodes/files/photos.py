"""The photos of an offer and of its computers: kept for a form, claimed by the offer, added later, removed, forgotten.

Donors change theirs until the first computer is received; staff always may. What staff do is in the audit log.
"""

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import Thing, record
from accounts.models import Donor, User
from lib.notes import Refusal
from nodes.files import file_store, photo_bytes
from nodes.files.models import Photo
from nodes.files.photo_bytes import Picture
from nodes.models import Computer, Donation
from nodes.states import State

MOST_OF_DONOR = 3  # of one offer
MOST_OF_COMPUTER = 12  # by staff
MOST_WAITING = 2000  # of forms that were never sent, over all visitors: a gigabyte
KEPT = timedelta(days=1)  # for a form that came back with an error
BEFORE_RECEIPT = (State.OFFERED, State.ACCEPTED, State.DECLINED)


class TooManyPhotos(Refusal):
    """The offer or the computer has as many photos as it may have."""

    code = "too_many_photos"


class PhotosClosed(Refusal):
    """A computer of the offer has been received: the donor's photos stay as they are."""

    code = "photos_closed"


@transaction.atomic
def keep_for_form(picture: Picture) -> Photo:
    """Keep a photo for a form that is not sent for good yet. Raises file_store.NoRoom, also beyond MOST_WAITING."""
    if Photo.objects.filter(kept_until__isnull=False).count() >= MOST_WAITING:
        raise file_store.NoRoom(_("Very many photos are being sent just now. Send the offer without photos."))
    return _save(picture, kept_until=timezone.now() + KEPT, is_donors=True)


def waiting(pks: Collection[int]) -> list[Photo]:
    """Return those of these photos that are still kept for a form."""
    rows = Photo.objects.filter(pk__in=pks, kept_until__gt=timezone.now(), donation=None)
    return list(rows.select_related("file", "small"))


def claim(photos: Collection[Photo], donation: Donation) -> None:
    """Make photos that were kept for a form those of its offer, in the transaction of the offer; one that is gone meanwhile is left out."""
    waiting = Photo.objects.filter(pk__in=[photo.pk for photo in photos], kept_until__gt=timezone.now(), donation=None)
    waiting.update(donation=donation, kept_until=None)


@transaction.atomic
def add_of_donor(picture: Picture, donation: Donation) -> Photo:
    """Add a photo that the donor sends afterwards. Raises TooManyPhotos, PhotosClosed, file_store.NoRoom."""
    _lock_open(donation)
    if same := _same(donation.photos.filter(is_donors=True), picture):
        return same
    if donation.photos.filter(is_donors=True).count() >= MOST_OF_DONOR:
        text = _("An offer has at most %(most)s photos. Remove one first.")
        raise TooManyPhotos(text, {"most": MOST_OF_DONOR})
    return _save(picture, donation=donation, is_donors=True)


@transaction.atomic
def add_of_staff(picture: Picture, computer: Computer, by: User) -> Photo:
    """Add a photo of a computer that staff took. Raises TooManyPhotos, file_store.NoRoom."""
    Computer.objects.select_for_update(of=("self",)).get(pk=computer.pk)
    if same := _same(computer.photos, picture):
        return same
    if computer.photos.count() >= MOST_OF_COMPUTER:
        text = _("A computer has at most %(most)s photos. Remove one first.")
        raise TooManyPhotos(text, {"most": MOST_OF_COMPUTER})
    photo = _save(picture, donation=computer.donation, computer=computer, by=by, is_donors=False)
    _record(by, "add_photo", computer)
    return photo


@transaction.atomic
def assign(photo: Photo, computer: Computer, by: User) -> None:
    """Say which of the computers of an offer a photo shows that belongs to none yet."""
    if Photo.objects.filter(pk=photo.pk, donation=computer.donation_id, computer=None).update(computer=computer):
        _record(by, "assign_photo", computer)


@transaction.atomic
def unassign(photo: Photo, computer: Computer, by: User) -> None:
    """Give a donor's photo of this computer back to its offer: it shows another one."""
    if Photo.objects.filter(pk=photo.pk, computer=computer, is_donors=True).update(computer=None):
        _record(by, "assign_photo", computer)


@transaction.atomic
def remove_of_staff(photo: Photo, by: User) -> None:
    """Remove any photo of an offer."""
    thing = photo.computer or photo.donation
    if remove([photo]) and thing is not None:
        _record(by, "remove_photo", thing)


@transaction.atomic
def remove_of_donor(photo: Photo) -> None:
    """Remove a photo that the donor sent. Raises PhotosClosed."""
    if photo.donation is not None:
        _lock_open(photo.donation)
    remove([photo])


def is_open(computers: Iterable[Computer]) -> bool:
    """Say whether the donor may still change the photos of an offer with these computers."""
    return all(computer.state in BEFORE_RECEIPT for computer in computers)


def _lock_open(donation: Donation) -> None:
    """Lock an offer, of which no computer may have been received. Raises PhotosClosed."""
    Donation.objects.select_for_update().get(pk=donation.pk)
    if not is_open(donation.computers.all()):
        raise PhotosClosed(_("A computer of this offer is here already, so its photos stay as they are."))


def _record(by: User, verb: str, thing: Computer | Donation) -> None:
    kind = "computer" if isinstance(thing, Computer) else "donation"
    record(by=by, verb=verb, thing=Thing(kind, thing.pk, thing.number), is_own_recorded=True)


def _same(photos: Any, picture: Picture) -> Photo | None:
    """Return this very photo among these: it was sent twice."""
    found: Photo | None = photos.filter(file__sha256=hashlib.sha256(picture.jpeg).hexdigest()).first()
    return found


def _save(picture: Picture, **facts: object) -> Photo:
    file, small = file_store.keep([picture.jpeg, picture.small], photo_bytes.MEDIA_TYPE)
    size = {"width": picture.width, "height": picture.height}
    return Photo.objects.create(file=file, small=small, **size, **facts)


@transaction.atomic
def remove(photos: Collection[Photo]) -> int:
    """Remove photos, and return how many were still there; their files follow a day later."""
    locked = Photo.objects.select_for_update(of=("self",)).select_related("file", "small")
    rows = list(locked.filter(pk__in=[photo.pk for photo in photos]))
    Photo.objects.filter(pk__in=[row.pk for row in rows]).delete()
    file_store.drop([file for row in rows for file in (row.file, row.small)])
    return len(rows)


@transaction.atomic
def forget(now: datetime) -> None:
    """Remove the photos of forms that were never sent. One that an offer is claiming just now is left to it."""
    remove(Photo.objects.select_for_update(skip_locked=True).filter(kept_until__lt=now)[: file_store.PAGE])


def erase_of(donor: Donor) -> None:
    """Remove the photos that a donor sent."""
    remove(Photo.objects.filter(donation__donor=donor, is_donors=True))
