"""Photos at the desk: beside a step, which they never undo, by themselves, from the offer, and gone after a question."""

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from accounts.models import User
from nodes.files import file_store, photo_bytes, photos
from nodes.models import Computer, Photo
from tests.nodes.donated import make_computer
from tests.nodes.files.pictures import picture
from tests.pages.desk_pages import fresh, page_of, press, text
from tests.pages.desk_pages import office as office
from tests.pages.test_offer_photos import file

pytestmark = pytest.mark.django_db
PICTURE = photo_bytes.read(picture())


@pytest.fixture
def computer(db: None) -> Computer:
    return make_computer("received")


def said(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_a_photo_comes_with_a_step(office: Client, computer: Computer, admin: User) -> None:
    assert press(office, computer, "wipe", disks="without", photos=file()).status_code == 302
    assert fresh(computer).state == "wiped"
    assert (computer.photos.get().by, computer.photos.get().is_donors) == (admin, False)


def test_a_bad_photo_does_not_undo_the_step(office: Client, computer: Computer) -> None:
    answer = press(office, computer, "wipe", disks="without", photos=file("x.gif", b"GIF89a"))
    assert said(answer).startswith("The step is saved, the photo is not. x.gif: Only photos in")
    assert fresh(computer).state == "wiped"


def test_without_room_the_step_is_saved(office: Client, computer: Computer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_store, "most_bytes", lambda: 10)
    answer = press(office, computer, "wipe", disks="without", photos=file())
    assert "The step is saved, the photo is not. front.jpg: There is no room for more files." in said(answer)
    assert fresh(computer).state == "wiped"


def test_sent_again_there_is_one_step_and_one_photo(office: Client, computer: Computer) -> None:
    for _press in range(2):
        sent = {"step": "wipe", "disks": "without", "from_state": "received", "once": "a-form", "photos": file()}
        assert office.post(page_of(computer), sent).status_code == 302
    assert (computer.changes.filter(to_state="wiped").count(), computer.photos.count()) == (1, 1)


def test_a_step_that_is_refused_keeps_the_photo(office: Client) -> None:
    computer = make_computer("accepted")
    answer = press(office, computer, "receive", weight="heavy", photos=[file(), file("x.gif", b"GIF89a")])
    assert answer.status_code == 400
    assert "x.gif: Only photos in" in text(answer)
    assert (fresh(computer).state, computer.photos.count()) == ("accepted", 1)


def test_a_photo_by_itself(office: Client, computer: Computer) -> None:
    assert office.post(f"{page_of(computer)}photos/", {"photos": file()})["Location"] == page_of(computer)
    assert f'src="/photos/{computer.photos.get().pk}/small/"' in office.get(page_of(computer)).content.decode()


@pytest.mark.parametrize("sent", [{}, {"photos": file("x.gif", b"GIF89a")}])
def test_what_is_no_photo_is_said_at_the_field(office: Client, computer: Computer, sent: Any) -> None:
    answer = office.post(f"{page_of(computer)}photos/", sent)
    at_field = answer.content.decode().partition('id="id_photos_error"')[2][:300]
    assert answer.status_code == 400
    assert ("x.gif: Only photos" if sent else "Choose a photo first.") in at_field


def test_a_photo_of_the_offer_is_assigned_and_given_back(office: Client, computer: Computer) -> None:
    photo = photos.keep_for_form(PICTURE)
    photos.claim([photo], computer.donation)
    assert "Nobody has said yet which computer they show." in text(office.get(page_of(computer)))
    office.post(f"{page_of(computer)}photos/{photo.pk}/assign/")
    assert computer.photos.get() == photo
    office.post(f"{page_of(computer)}photos/{photo.pk}/assign/", {"back": "1"})
    assert not computer.photos.exists()


def test_a_photo_of_another_offer_is_not_found(office: Client, computer: Computer, admin: User) -> None:
    photo = photos.add_of_staff(PICTURE, make_computer("received"), admin)
    assert office.post(f"{page_of(computer)}photos/{photo.pk}/assign/").status_code == 404
    office.post(f"{page_of(computer)}photos/{photo.pk}/remove/")
    assert Photo.objects.exists()


def test_removing_asks_first(office: Client, computer: Computer, admin: User) -> None:
    photo = photos.add_of_staff(PICTURE, computer, admin)
    path = f"{page_of(computer)}photos/{photo.pk}/remove/"
    assert "Remove this photo?" in text(office.get(path))
    assert Photo.objects.exists()
    for _press in range(2):
        assert office.post(path)["Location"] == page_of(computer)
    assert not Photo.objects.exists()


def test_the_offer_shows_its_photos(office: Client, computer: Computer, admin: User) -> None:
    photo = photos.add_of_staff(PICTURE, computer, admin)
    page = office.get(f"/manage/donations/{computer.donation_id}/").content.decode()
    assert f'src="/photos/{photo.pk}/small/"' in page
