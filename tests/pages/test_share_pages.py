"""Pages of the picture that a donor shares."""

from unittest.mock import Mock

import pytest
from django.test import Client
from PIL import ImageFont

from accounts.donors import donor_links
from accounts.models import Donor, SharePicture, User
from nodes.models import Computer
from nodes.printing import fonts
from nodes.sharing import share_drawing, share_picture
from tests.nodes.donated import donor_of, make_computer
from tests.pages.desk_pages import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def donor() -> Donor:
    return make_computer("in_service").donation.donor


def link(donor: Donor) -> str:
    return f"/given/{donor_links.token(donor)}/picture/"


def made(donor: Donor) -> str:
    """Make a picture. Return the address of its page."""
    return f"/shared/{share_picture.make(donor=donor, with_words=False, language='en').key}/"


def test_there_is_none_unless_the_donor_makes_it(client: Client, donor: Donor) -> None:
    url = link(donor)
    client.get(url)
    assert not SharePicture.objects.exists()
    client.post(url)
    key = SharePicture.objects.get().key
    page = client.get(url).content.decode()
    assert (f"/shared/{key}/" in page, 'data-copy="#address"' in page) == (True, True)
    client.post(url, {"withdraw": "1"})
    assert client.get(f"/shared/{key}/").status_code == 404
    assert client.get(f"/shared/{key}/minga.png").status_code == 404


def test_other_sites_read_what_they_show(client: Client, donor: Donor) -> None:
    url = made(donor)
    page = client.get(url)
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    html = page.content.decode()
    assert 'property="og:image" content="http' in html
    assert f'{url}minga.png"' in html
    assert 'content="1 computer"' in html
    assert not any(word in html for word in ("Lucía", "Mejía", "lucia@"))


def test_the_picture_is_kept_for_minutes_and_then_asked_about(client: Client, donor: Donor) -> None:
    url = f"{made(donor)}minga.png"
    reply = client.get(url)
    assert (reply["Content-Type"], reply.content[:4]) == ("image/png", b"\x89PNG")
    assert "max-age=600" in reply["Cache-Control"]
    assert client.get(url, headers={"If-None-Match": reply["ETag"]}).status_code == 304


def test_browsers_that_take_packed_answers_get_it_once(client: Client, donor: Donor) -> None:
    url, packed = f"{made(donor)}minga.png", {"Accept-Encoding": "gzip"}
    tag = client.get(url, headers=packed)["ETag"]
    assert client.get(url, headers={**packed, "If-None-Match": tag}).status_code == 304


def test_without_the_fonts_the_donors_page_opens(client: Client, donor: Donor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "missing", lambda: ["DejaVuSans.ttf"])
    monkeypatch.setattr(ImageFont, "truetype", Mock(side_effect=OSError))
    share_drawing._font.cache_clear()
    assert client.get(link(donor)).status_code == 200


def test_a_wrong_key_is_nothing(client: Client, donor: Donor) -> None:
    made(donor)
    assert client.get("/shared/x/").status_code == 404
    assert "no-store" in client.get("/shared/x/minga.png")["Cache-Control"]


def test_it_is_made_in_an_account(client: Client, student: User) -> None:
    make_computer("in_service", donor=donor_of(user=student))
    client.force_login(student)
    client.post("/donating/picture/")
    assert SharePicture.objects.get().donor.user == student


def test_before_something_came_the_page_says_so(client: Client) -> None:
    url = link(make_computer("accepted").donation.donor)
    assert "once a computer of yours is here" in text(client.get(url))
    assert "once a computer of yours is here" in text(client.post(url, follow=True))
    assert not SharePicture.objects.exists()


def test_there_is_none_while_nothing_of_the_donor_is_here(client: Client, donor: Donor) -> None:
    url = made(donor)
    Computer.objects.update(state="lost")
    assert [client.get(f"{url}{name}").status_code for name in ("", "minga.png")] == [404, 404]
    page = client.get(link(donor))
    assert "minga.png" not in page.content.decode()
    assert "End the address" in text(page)


def test_a_picture_without_numbers_is_drawn(donor: Donor) -> None:
    assert share_drawing.png(share_picture.Shown(0, 0, 0, "", "en"))  # its computer left a moment ago
