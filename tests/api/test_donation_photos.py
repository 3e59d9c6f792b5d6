"""Photos in the API: sent by the donor, with an account or the link from the mail."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.donors import donor_links
from accounts.models import Donor, User
from nodes.files import file_store, photo_bytes, photos
from nodes.models import Donation, Photo
from tests.api.program import Program
from tests.nodes.donated import donor_of, offered
from tests.nodes.files.pictures import from_a_phone, picture

pytestmark = pytest.mark.django_db
JPEG = picture()
API = "/api/v1/"


@pytest.fixture
def mine(student: User) -> Donation:
    return offered(donor=donor_of(user=student))


def url(donation: Donation) -> str:
    return f"donations/{donation.number}/photos/"


def post(person: User, path: str, body: bytes = JPEG, **headers: str) -> Any:
    program = Program(person)
    return program.client.post(
        f"/api/v1/{path}", body, content_type="image/jpeg", headers={**program.headers, **headers}
    )


def test_a_photo_is_sent_listed_read_and_removed(student: User, mine: Donation) -> None:
    api = Program(student)
    sent = post(student, url(mine), from_a_phone())
    assert sent.status_code == 201
    assert (sent.json()["width"], sent.json()["height"], sent.json()["computer"]) == (300, 400, "")
    assert api.ask("GET", url(mine)).json() == [sent.json()]
    one = f"{url(mine)}{sent.json()['id']}/"
    assert photo_bytes.read(api.ask("GET", one).content).width == 300
    assert api.ask("DELETE", one).status_code == 204
    assert not Photo.objects.exists()


def test_the_link_from_the_mail_is_enough(client: Client) -> None:
    donation = offered()
    link = {"Donor-Link": donor_links.token(donation.donor)}
    assert client.post(API + url(donation), JPEG, content_type="image/jpeg", headers=link).status_code == 201
    one = f"{url(donation)}{client.get(API + url(donation), headers=link).json()[0]['id']}/"
    assert client.get(API + one, headers=link)["X-Content-Type-Options"] == "nosniff"
    assert client.delete(API + one, headers=link).status_code == 204
    assert Donor.objects.get().verified_at


@pytest.mark.parametrize("link", ["x", "", "ñ"])
def test_a_wrong_link_finds_nothing(client: Client, mine: Donation, link: str) -> None:
    answer = client.get(API + url(mine), headers={"Donor-Link": link})
    assert (answer.status_code, answer.json()["code"]) == (404, "bad_link")


def test_the_link_of_one_donor_opens_nothing_of_another(client: Client, mine: Donation) -> None:
    link = {"Donor-Link": donor_links.token(offered(donor=donor_of("eve@example.org")).donor)}
    assert client.get(API + url(mine), headers=link).status_code == 404
    assert client.post(API + url(mine), JPEG, content_type="image/jpeg", headers=link).status_code == 404


@pytest.mark.parametrize(("who", "status"), [("student2", 404), ("teacher", 404), ("admin", 403)])
def test_others_send_nothing(mine: Donation, who: str, status: int, request: pytest.FixtureRequest) -> None:
    assert post(request.getfixturevalue(who), url(mine)).status_code == status
    assert not Photo.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"), [(b"", "bad_photo"), (b"GIF89a", "bad_photo"), (JPEG + b"\0" * 15_000_000, "bad_photo")]
)
def test_what_is_no_photo_is_refused(student: User, mine: Donation, body: bytes, code: str) -> None:
    answer = post(student, url(mine), body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_json_is_no_photo(student: User, mine: Donation) -> None:
    assert Program(student).ask("POST", url(mine), {}).status_code == 415


def test_a_fourth_is_refused(student: User, mine: Donation) -> None:
    codes = [post(student, url(mine), picture((300 + n, 300))).json().get("code") for n in range(4)]
    assert codes == [None, None, None, "too_many_photos"]


def test_once_it_is_here_nothing_changes(student: User, mine: Donation) -> None:
    photo = photos.add_of_donor(photo_bytes.read(JPEG), mine)
    mine.computers.update(state="received")
    assert post(student, url(mine), picture((301, 300))).json()["code"] == "photos_closed"
    assert Program(student).ask("DELETE", f"{url(mine)}{photo.pk}/").json()["code"] == "photos_closed"


def test_what_staff_took_the_donor_does_not_remove(student: User, mine: Donation, admin: User) -> None:
    photo = photos.add_of_staff(photo_bytes.read(JPEG), mine.computers.get(), admin)
    path = f"{url(mine)}{photo.pk}/"
    assert Program(student).ask("DELETE", path).json()["code"] == "not_yours"
    assert Program(admin).ask("DELETE", path).status_code == 204


def test_without_room_nothing_is_kept(student: User, mine: Donation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_store, "most_bytes", lambda: 10)
    answer = post(student, url(mine))
    assert (answer.status_code, answer.json()["code"]) == (507, "no_room_for_files")


def test_a_key_answers_the_same_once_more(student: User, mine: Donation) -> None:
    first, second = (post(student, url(mine), **{"Idempotency-Key": "k"}) for _n in range(2))
    assert (first.json(), second["Idempotency-Replayed"]) == (second.json(), "true")
    other = post(student, url(mine), picture((301, 300)), **{"Idempotency-Key": "k"})
    assert (other.status_code, json.loads(other.content)["code"]) == (422, "idempotency_key_reused")
