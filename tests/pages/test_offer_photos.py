"""Photos in the form by which anybody offers computers: good ones are kept, each bad one has its sentence, and robots are bounded."""

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.donors import donor_limits
from nodes.files import file_store, photos
from nodes.models import Donation, Photo
from tests.nodes.files.pictures import picture, png
from tests.pages.test_donate import GOOD, URL, offer, text, typed

pytestmark = pytest.mark.django_db
GPS_FREE = picture((400, 300))
OTHER = picture((300, 400))


def file(name: str = "front.jpg", data: bytes = GPS_FREE) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def tickets(response: Any) -> list[str]:
    """Return the tickets of the photos that a form keeps."""
    return re.findall(r'name="photo" value="([^"]+)"', response.content.decode())


def test_photos_come_with_the_offer(client: Client) -> None:
    answer = offer(client, photos=[file(), file("back.jpg", OTHER)])
    assert answer.status_code == 302
    assert Donation.objects.get().photos.filter(kept_until=None, is_donors=True).count() == 2


def test_a_long_name_of_a_photo_loses_nothing(client: Client) -> None:
    long = BytesIO(GPS_FREE)
    long.name = f"{'ñ' * 3_000}.jpg"
    assert offer(client, photos=[long]).status_code == 302
    assert Donation.objects.get().photos.filter(kept_until=None).count() == 1


def test_a_form_that_comes_back_keeps_what_was_good(client: Client) -> None:
    answer = offer(client, photos=[file(), file("old.gif", b"GIF89a...")], email="x")
    assert answer.status_code == 400
    assert "old.gif: Only photos in JPEG, PNG or WebP are read." in text(answer)
    kept = tickets(answer)
    assert client.get(f"/photos/by-link/{kept[0]}/small/")["Content-Type"] == "image/jpeg"
    assert offer(client, photo=kept).status_code == 302
    assert Donation.objects.get().photos.count() == len(kept) == 1


@pytest.mark.parametrize(
    ("data", "english", "spanish"),
    [
        (b"GIF89a", "Only photos in JPEG, PNG or WebP are read", "Solo se leen fotos en JPEG, PNG o WebP"),
        (GPS_FREE[:400], "This photo cannot be read", "Esta foto no se puede leer"),
        (png(20_000, 20_000), "more than 12 megapixels", "más de 12 megapíxeles"),
        (GPS_FREE + b"\0" * 15_000_000, "larger than 15 MB", "de 15 MB"),
    ],
    ids=["kind", "cut", "pixels", "bytes"],
)
@pytest.mark.parametrize("language", ["en", "es"])
def test_each_bad_one_has_its_sentence_at_the_field(
    client: Client, data: bytes, english: str, spanish: str, language: str
) -> None:
    answer = client.post(
        URL, typed(GOOD, check="1", photos=file("ñandú.jpg", data)), headers={"Accept-Language": language}
    )
    at_field = text(answer).partition('id="id_photos_error"')[2].partition("</div>")[0]
    assert "ñandú.jpg: " in at_field
    assert (spanish if language == "es" else english) in at_field
    assert answer.status_code == 400


def test_a_photo_is_left_out_again(client: Client) -> None:
    kept = tickets(client.post(URL, typed(GOOD, check="1", photos=[file(), file("b.jpg", OTHER)])))
    answer = client.post(URL, typed(GOOD, drop=kept[0], photo=kept, who="1"))
    assert len(tickets(answer)) == 1
    assert "It helps" in text(answer)


def test_a_fourth_is_too_many_and_named(client: Client) -> None:
    four = [file(f"{n}.jpg", picture((300 + n, 300))) for n in range(4)]
    answer = client.post(URL, typed(GOOD, check="1", photos=four))
    assert len(tickets(answer)) == 3
    assert "3.jpg: an offer has at most 3 photos." in text(answer)


def test_the_same_photo_chosen_twice_is_one(client: Client) -> None:
    kept = tickets(client.post(URL, typed(GOOD, check="1", photos=[file(), file("again.jpg")])))
    assert len(kept) == 1


def test_two_tabs_do_not_share_photos(client: Client) -> None:
    one = tickets(client.post(URL, typed(GOOD, check="1", photos=[file()])))
    assert tickets(client.post(URL, typed(GOOD, check="1"))) == []
    offer(client, photo=one)
    answer = offer(client, photo=one, once="another-form")
    assert answer.status_code == 400
    assert "yours is gone. Choose it again." in text(answer)


def test_a_second_press_reads_no_photo_again(client: Client) -> None:
    for _press in range(2):
        assert offer(client, photos=[file()])["Location"] == "/donate/done/"
    assert (Donation.objects.count(), Photo.objects.count()) == (1, 1)


def test_a_photo_of_yesterday_has_to_be_chosen_again(client: Client) -> None:
    kept = tickets(client.post(URL, typed(GOOD, check="1", photos=[file()])))
    Photo.objects.update(kept_until=timezone.now() - timedelta(minutes=1))
    assert "Choose it again" in text(offer(client, photo=kept))
    assert not Donation.objects.exists()


@pytest.mark.parametrize("ticket", ["", "x", "1:a:b", "x" * 5000])
def test_a_forged_ticket_claims_nothing(client: Client, ticket: str) -> None:
    photos.keep_for_form(photos.photo_bytes.read(GPS_FREE))
    assert offer(client, photo=ticket).status_code == 400
    assert not Donation.objects.exists()


def test_without_room_the_offer_is_made_without_photos(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_store, "most_bytes", lambda: 10)
    answer = offer(client, photos=[file()])
    assert "front.jpg: There is no room for more files." in text(answer)
    assert offer(client).status_code == 302


# ---- robots ----


def test_photos_of_one_address_are_bounded(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(donor_limits, "PHOTOS", 2)
    three = [file(f"{n}.jpg", picture((300 + n, 300))) for n in range(3)]
    answer = client.post(URL, typed(GOOD, check="1", photos=three))
    assert len(tickets(answer)) == 2
    assert "2.jpg: That is a lot of photos at once. Wait 60 min" in text(answer)


def test_beyond_the_limit_of_offers_no_photo_is_read(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(donor_limits, "OFFERS", 2)
    offer(client), offer(client, once="the second")
    monkeypatch.setattr(photos.photo_bytes, "_picture", lambda *_any: pytest.fail("It was read."))
    answer = offer(client, once="another", photos=[file()])
    assert "front.jpg: That is a lot of offers at once." in text(answer)


def test_a_robot_s_photos_are_not_read(client: Client) -> None:
    answer = offer(client, website="x", photos=[file()])
    assert "front.jpg: Choose this photo again." in text(answer)
    assert not Photo.objects.exists()


def test_photos_of_forms_that_were_never_sent_are_bounded_in_all(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos, "MOST_WAITING", 1)
    answer = client.post(URL, typed(GOOD, check="1", photos=[file(), file("b.jpg", OTHER)]))
    assert "b.jpg: Very many photos are being sent just now." in text(answer)
