"""Photos of an offer and its computers: how many, whose, and how they go."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from nodes.files import file_store, photo_bytes, photos
from nodes.files.photos import TooManyPhotos
from nodes.models import Donation, Photo, StoredFile
from tests.nodes.donated import offered
from tests.nodes.files.pictures import picture

PICTURE = photo_bytes.read(picture())


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, settings: Any) -> None:
    settings.FILES_DIR = str(tmp_path)


@pytest.fixture
def donation(db: None) -> Donation:
    return offered()


def test_the_offer_claims_what_was_kept_for_its_form(donation: Donation) -> None:
    photo = photos.keep_for_form(PICTURE)
    photos.claim([photo], donation)
    assert list(donation.photos.all()) == [photo]
    photos.forget(timezone.now() + timedelta(days=9))
    assert donation.photos.exists()


def test_a_photo_is_claimed_once(donation: Donation) -> None:
    photo = photos.keep_for_form(PICTURE)
    photos.claim([photo], donation)
    photos.claim([photo], offered())
    assert list(donation.photos.all()) == [photo]


def test_a_form_that_was_never_sent_is_forgotten(db: None) -> None:
    photos.keep_for_form(PICTURE)
    photos.forget(timezone.now() + photos.KEPT - timedelta(minutes=1))
    assert Photo.objects.count() == 1
    photos.forget(timezone.now() + photos.KEPT + timedelta(minutes=1))
    assert (Photo.objects.count(), StoredFile.objects.filter(dropped_at=None).count()) == (0, 0)


def test_a_donor_has_three(donation: Donation) -> None:
    sent = [photos.add_of_donor(PICTURE, donation) for _n in range(photos.MOST_OF_DONOR)]
    with pytest.raises(TooManyPhotos, match="at most 3 photos"):
        photos.add_of_donor(PICTURE, donation)
    photos.remove(sent[:1])
    photos.add_of_donor(PICTURE, donation)


def test_photos_of_staff_do_not_count_for_the_donor(donation: Donation, admin: User) -> None:
    computer = donation.computers.get()
    for _n in range(photos.MOST_OF_COMPUTER):
        photos.add_of_staff(PICTURE, computer, admin)
    photos.add_of_donor(PICTURE, donation)
    with pytest.raises(TooManyPhotos, match="at most 12"):
        photos.add_of_staff(PICTURE, computer, admin)


def test_without_room_there_is_neither_file_nor_photo(donation: Donation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_store, "most_bytes", lambda: len(PICTURE.jpeg) + 10)  # the small one has no room
    with pytest.raises(file_store.NoRoom):
        photos.add_of_donor(PICTURE, donation)
    assert (Photo.objects.count(), StoredFile.objects.count()) == (0, 0)


def test_who_is_erased_takes_their_photos_along(donation: Donation, admin: User) -> None:
    photos.add_of_donor(PICTURE, donation)
    of_staff = photos.add_of_staff(PICTURE, donation.computers.get(), admin)
    photos.erase_of(donation.donor)
    assert list(Photo.objects.all()) == [of_staff]
