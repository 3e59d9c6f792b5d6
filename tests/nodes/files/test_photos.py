"""Photos of an offer and its computers: how many, whose, and how they go."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import AuditRow, User
from nodes.files import file_store, photo_bytes, photos
from nodes.files.photo_bytes import Picture
from nodes.files.photos import TooManyPhotos
from nodes.models import Donation, Photo, StoredFile
from tests.accounts.test_tokens import in_own_connection
from tests.nodes.donated import offered
from tests.nodes.files.pictures import picture
from tests.waiting import PATIENCE

PICTURE = photo_bytes.read(picture())


def another(n: int) -> Picture:
    return replace(PICTURE, jpeg=PICTURE.jpeg + bytes([n]))


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
    sent = [photos.add_of_donor(another(n), donation) for n in range(photos.MOST_OF_DONOR)]
    with pytest.raises(TooManyPhotos, match="at most 3 photos"):
        photos.add_of_donor(PICTURE, donation)
    photos.remove(sent[:1])
    photos.add_of_donor(PICTURE, donation)


def test_photos_of_staff_do_not_count_for_the_donor(donation: Donation, admin: User) -> None:
    computer = donation.computers.get()
    for n in range(photos.MOST_OF_COMPUTER):
        photos.add_of_staff(another(n), computer, admin)
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


def test_the_same_photo_again_is_one(donation: Donation, admin: User) -> None:
    computer = donation.computers.get()
    assert photos.add_of_donor(PICTURE, donation) == photos.add_of_donor(PICTURE, donation)
    assert photos.add_of_staff(PICTURE, computer, admin) == photos.add_of_staff(PICTURE, computer, admin)
    assert Photo.objects.count() == 2


@pytest.mark.parametrize("state", ["received", "wiped", "in_service", "waiting", "lost"])
def test_from_the_receipt_on_the_donor_changes_no_photo(donation: Donation, state: str) -> None:
    photo = photos.add_of_donor(PICTURE, donation)
    donation.computers.update(state=state)
    for change in (lambda: photos.add_of_donor(another(1), donation), lambda: photos.remove_of_donor(photo)):
        with pytest.raises(photos.PhotosClosed, match="is here already"):
            change()
    assert Photo.objects.count() == 1


def test_what_staff_do_is_in_the_audit_log(donation: Donation, admin: User) -> None:
    computer, photo = donation.computers.get(), photos.add_of_donor(PICTURE, donation)
    photos.add_of_staff(PICTURE, computer, admin)
    photos.assign(photo, computer, admin), photos.assign(photo, computer, admin)
    photos.remove_of_staff(photo, admin)
    assert list(AuditRow.objects.order_by("pk").values_list("verb", flat=True)) == [
        "add_photo",
        "assign_photo",
        "remove_photo",
    ]


def test_a_photo_is_assigned_to_a_computer_of_its_offer_only(donation: Donation, admin: User) -> None:
    photo = photos.add_of_donor(PICTURE, donation)
    photos.assign(photo, offered().computers.get(), admin)
    photo.refresh_from_db()
    assert photo.computer is None


@pytest.mark.django_db(transaction=True)
def test_of_four_at_once_three_are_kept() -> None:
    donation = offered()

    def send(n: int) -> str:
        try:
            photos.add_of_donor(another(n), donation)
            return ""
        except TooManyPhotos as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(send, range(4))) == ["", "", "", "too_many_photos"]
    assert donation.photos.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_offers_at_once_claim_a_photo_once() -> None:
    photo, donations = photos.keep_for_form(PICTURE), [offered(), offered()]

    def claim(donation: Donation) -> None:
        try:
            with transaction.atomic():
                photos.claim([photo], donation)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(claim, donations))
    assert sum(donation.photos.count() for donation in donations) == 1


@pytest.mark.django_db(transaction=True)
def test_a_photo_that_is_being_claimed_is_not_forgotten() -> None:
    photo, donation = photos.keep_for_form(PICTURE), offered()
    later = timezone.now() + timedelta(days=9)
    with ThreadPoolExecutor() as pool, transaction.atomic():
        photos.claim([photo], donation)
        pool.submit(in_own_connection, lambda: photos.forget(later)).result(timeout=PATIENCE)
    assert list(donation.photos.all()) == [photo]
