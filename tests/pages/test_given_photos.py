"""Photos on the donor's page: theirs to add and take out until the computers are received, and nobody else's to see."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.donors import donor_limits, donor_links
from accounts.models import Donor, User
from nodes.files import photo_bytes, photos
from nodes.models import Donation, Photo
from tests.nodes.donated import donor_of, offered
from tests.nodes.files.pictures import picture
from tests.pages.test_offer_photos import file, text

pytestmark = pytest.mark.django_db
PICTURE = photo_bytes.read(picture())


@pytest.fixture
def donation(db: None) -> Donation:
    return offered()


@pytest.fixture
def link(donation: Donation) -> str:
    return f"/given/{donor_links.token(donation.donor)}/"


def send(client: Client, path: str, donation: Donation, *files: Any, **more: Any) -> Any:
    return client.post(path, {"photos_of": "1", "donation": donation.pk, "photos": files, **more})


def pictures(response: Any) -> list[str]:
    return re.findall(r'<img src="([^"]+)"', response.content.decode())


def test_a_photo_is_added_by_the_link_which_verifies_the_address(client: Client, donation: Donation, link: str) -> None:
    assert send(client, link, donation, file()).status_code == 302
    assert donation.photos.get().is_donors
    assert Donor.objects.get().verified_at


def test_the_link_does_not_stand_in_the_pictures_addresses(client: Client, donation: Donation, link: str) -> None:
    photos.add_of_donor(PICTURE, donation)
    page = client.get(link)
    (small,) = pictures(page)
    assert link.split("/")[2] not in small
    assert page.content.count(b'referrerpolicy="no-referrer"') == 2
    answer = client.get(small)
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert "private" in answer["Cache-Control"]
    assert answer["Content-Disposition"].startswith(f'inline; filename="{donation.number}-')


def test_a_bad_one_is_named_at_the_field_and_the_good_one_stays(client: Client, donation: Donation, link: str) -> None:
    answer = send(client, link, donation, file("<b>.gif", b"GIF89a"), file())
    assert answer.status_code == 400
    assert "&lt;b&gt;.gif: Only photos" in text(answer).partition(f'id="photos-of-{donation.pk}_error"')[2]
    assert donation.photos.count() == 1


def test_a_donor_takes_a_photo_out(client: Client, donation: Donation, link: str) -> None:
    photo = photos.add_of_donor(PICTURE, donation)
    for _press in range(2):
        assert send(client, link, donation, remove_photo=photo.pk).status_code == 302
    assert not donation.photos.exists()


def test_what_staff_took_the_donor_sees_and_does_not_remove(
    client: Client, donation: Donation, link: str, admin: User
) -> None:
    photo = photos.add_of_staff(PICTURE, donation.computers.get(), admin)
    assert len(pictures(client.get(link))) == 1
    send(client, link, donation, remove_photo=photo.pk)
    assert donation.photos.exists()


def test_once_it_is_here_the_page_says_why_nothing_changes(client: Client, donation: Donation, link: str) -> None:
    donation.computers.update(state="received")
    answer = send(client, link, donation, file())
    assert "A computer of this offer is here already" in text(answer)
    assert 'type="file"' not in text(client.get(link))


def test_without_a_photo_the_form_says_so(client: Client, donation: Donation, link: str) -> None:
    assert "Choose a photo first." in text(send(client, link, donation))


def test_another_donation_is_not_found(client: Client, link: str) -> None:
    theirs = offered(donor=donor_of("eve@example.org"))
    photo = photos.add_of_donor(PICTURE, theirs)
    assert send(client, link, theirs, file()).status_code == 404
    assert send(client, link, theirs, remove_photo=photo.pk).status_code == 404
    assert Photo.objects.count() == 1


def test_in_the_account_photos_are_added_and_seen(client: Client, student: User) -> None:
    mine = offered(donor=donor_of(user=student))
    client.force_login(student)
    assert send(client, "/donating/photos/", mine, file())["Location"] == "/donating/"
    assert pictures(client.get("/donating/")) == [f"/photos/{mine.photos.get().pk}/small/"]


@pytest.mark.parametrize(("who", "status"), [("student", 200), ("student2", 404), ("teacher", 404), ("admin", 200)])
def test_who_sees_a_photo(client: Client, student: User, who: str, status: int, request: pytest.FixtureRequest) -> None:
    photo = photos.add_of_donor(PICTURE, offered(donor=donor_of(user=student)))
    client.force_login(request.getfixturevalue(who))
    assert [client.get(f"/photos/{photo.pk}/{size}").status_code for size in ("", "small/")] == [status, status]


def test_a_photo_of_a_form_is_in_no_list(client: Client, admin: User) -> None:
    client.force_login(admin)
    assert client.get(f"/photos/{photos.keep_for_form(PICTURE).pk}/").status_code == 404


@pytest.mark.parametrize("ticket", ["x", "MQ:1xUmx1:abc", "x" * 3000])
def test_a_forged_ticket_opens_nothing(client: Client, donation: Donation, ticket: str) -> None:
    photos.add_of_donor(PICTURE, donation)
    assert client.get(f"/photos/by-link/{ticket}/").status_code == 404


def test_by_the_link_photos_are_bounded_too(
    client: Client, donation: Donation, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(donor_limits, "PHOTOS", 2)
    three = [file(f"{n}.jpg", picture((300 + n, 300))) for n in range(3)]
    assert "2.jpg: That is a lot of photos at once." in text(send(client, link, donation, *three))
