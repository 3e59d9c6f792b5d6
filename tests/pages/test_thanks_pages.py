"""Pages of the wall of thanks: for anybody, for its donors, and for staff."""

from typing import Any

import pytest
from django.test import Client

from accounts.donors import donor_links
from accounts.models import Donor, User, WallThanks
from nodes.thanks import wall
from tests.nodes.donated import donor_of, make_computer
from tests.pages.desk_pages import office as office
from tests.pages.desk_pages import text

pytestmark = pytest.mark.django_db
WORDS = {"shown": "text", "text": "Colegio Mejía, 6.º B"}


@pytest.fixture
def donor() -> Donor:
    return make_computer("in_service").donation.donor


def link(donor: Donor) -> str:
    return f"/given/{donor_links.token(donor)}/thanks/"


def agreed(client: Client, url: str, **more: str) -> Any:
    return client.post(url, {**WORDS, "agree": WORDS["text"], **more})


def test_words_are_shown_before_they_stand_anywhere(client: Client, donor: Donor) -> None:
    url = link(donor)
    assert "This is how it will look" in text(client.post(url, WORDS))
    assert not WallThanks.objects.exists()
    assert agreed(client, url).status_code == 302
    assert "Colegio Mejía, 6.º B" in text(client.get("/thanks/"))


def test_agreed_is_only_what_was_shown(client: Client, donor: Donor) -> None:
    assert "This is how it will look" in text(agreed(client, link(donor), agree="Colegio"))
    assert not WallThanks.objects.exists()


def test_a_donor_is_anonymous_and_leaves_with_one_press(client: Client, donor: Donor) -> None:
    url = link(donor)
    assert client.post(url, {"shown": "anonymous"}).status_code == 302
    shown = text(client.get("/thanks/"))
    assert "those who wished no name" in shown
    assert not any(word in shown for word in ("Lucía", "Mejía"))
    client.post(url, {"shown": "no"})
    assert "wished no name" not in text(client.get("/thanks/"))


def test_the_page_is_not_for_search_machines(client: Client) -> None:
    reply = client.get("/thanks/")
    assert reply["X-Robots-Tag"] == "noindex, nofollow"
    assert 'name="robots" content="noindex, nofollow"' in reply.content.decode()
    assert "no-store" in reply["Cache-Control"]


@pytest.mark.parametrize(
    "sent", [{}, {"shown": "all"}, {"shown": "text"}, {"shown": "text", "text": "www.example.org"}]
)
def test_a_wrong_form_says_what_to_do(client: Client, donor: Donor, sent: dict[str, str]) -> None:
    reply = client.post(link(donor), sent)
    assert (reply.status_code, "errorlist" in reply.content.decode()) == (400, True)
    assert not WallThanks.objects.exists()


def test_before_anything_has_come_there_is_nothing_to_choose(client: Client) -> None:
    url = link(make_computer("accepted").donation.donor)
    assert "once yours has come" in text(client.get(url))
    assert agreed(client, url).status_code == 409


def test_a_donor_with_an_account_chooses_there(client: Client, student: User) -> None:
    client.force_login(student)
    make_computer("in_service", donor=donor_of(user=student))
    assert "/donating/thanks/" in client.get("/donating/").content.decode()
    assert agreed(client, "/donating/thanks/").status_code == 302
    assert WallThanks.objects.get().donor.user == student


def test_whoever_gave_nothing_has_no_such_page(client: Client, student: User) -> None:
    client.force_login(student)
    assert client.get("/donating/thanks/").status_code == 404


def test_staff_take_words_off_with_a_reason_that_the_donor_reads(office: Client, client: Client, donor: Donor) -> None:
    row = wall.stand(donor=donor, text="Colegio")
    assert "Colegio" in text(office.get("/manage/thanks/"))
    url = f"/manage/thanks/{row.pk}/"
    assert office.post(url, {"text": "Colegio", "reason": ""}).status_code == 400
    office.post(url, {"text": "Colegio", "reason": "Not your school"})
    assert "Colegio" not in text(Client().get("/thanks/"))
    assert "Not your school" in text(Client().get(link(donor)))


def test_words_are_text(client: Client, donor: Donor) -> None:
    wall.stand(donor=donor, text="<b>x</b>")
    assert "&lt;b&gt;x&lt;/b&gt;" in client.get("/thanks/").content.decode()


def test_without_a_wall_there_is_no_page(client: Client, donor: Donor, settings: Any) -> None:
    settings.THANKS_WALL = False
    assert client.get("/thanks/").status_code == 404
    assert client.get(link(donor)).status_code == 404
    assert "/thanks/" not in client.get("/donate/").content.decode()


def test_many_places_are_no_more_queries(client: Client, django_assert_max_num_queries: Any) -> None:
    for n in range(30):
        wall.stand(donor=make_computer("in_service", donor=donor_of(f"d{n}@example.org")).donation.donor, text=f"d {n}")
    with django_assert_max_num_queries(8):
        client.get("/thanks/")
