"""The page of one's own Horizon account: the password once, its state, its end."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.cloud_users import asking, settling
from accounts.cloud_users.sealed_passwords import unseal
from accounts.models import CloudUser, OutsideAccount, User
from cloud.contract import CloudPerson, MadeUser
from tests.accounts.outside.people_of_the_cloud import cloud_people as cloud_people
from tests.cloud.fake_people import FakePeople
from tests.pages.second_steps import confirm
from tests.pages.test_once import token_of

URL, MAKE, END = "/account/cloud/", "/account/cloud/horizon/", "/account/cloud/horizon/end/"
PASSWORD = re.compile(r'id="cloud-password"[^>]*>([^<]+)<')


@pytest.fixture(autouse=True)
def _offered(settings: Any) -> None:
    settings.KEYSTONE_USERS_FOR_STUDENTS = True
    settings.HORIZON_URL = "https://cloud.example.org/horizon"


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    confirm(client)
    return client


def text(reply: Any) -> str:
    return str(reply.content.decode())


def password_in(reply: Any) -> str:
    found = PASSWORD.search(text(reply))
    assert found
    return found[1]


def settle(subject: str = "id-1") -> CloudUser:
    row = CloudUser.objects.get()
    settling.made(row, MadeUser(subject), is_enabled=True, now=timezone.now())
    return CloudUser.objects.get()


def test_it_is_found_from_the_account_and_offered(signed_in: Client) -> None:
    assert URL in text(signed_in.get("/account/"))
    assert "Use Horizon too" in text(signed_in.get(URL))


def test_the_password_is_shown_once(signed_in: Client) -> None:
    reply = signed_in.post(MAKE, {"once": token_of(signed_in, URL)})
    password = password_in(reply)
    assert password == unseal(CloudUser.objects.get().sealed_password)
    assert "no-store" in reply["Cache-Control"]
    page = text(signed_in.get(URL))
    assert password not in page
    assert "Being made" in page
    assert CloudUser.objects.get().name in page
    assert "https://cloud.example.org/horizon" in page


def test_whoever_loads_that_page_again_is_led_back(signed_in: Client) -> None:
    assert signed_in.get(MAKE)["Location"] == URL
    assert not CloudUser.objects.exists()


def test_two_presses_of_one_form_show_the_same_password(signed_in: Client) -> None:
    form = {"once": token_of(signed_in, URL)}
    first, second = (password_in(signed_in.post(MAKE, form)) for _ in range(2))
    assert first == second == unseal(CloudUser.objects.get().sealed_password)


def test_of_two_tabs_the_last_has_the_password_that_counts(signed_in: Client) -> None:
    forms = [{"once": token_of(signed_in, URL)} for _ in range(2)]
    first, second = (password_in(signed_in.post(MAKE, form)) for form in forms)
    assert first != second == unseal(CloudUser.objects.get().sealed_password)


def test_whoever_may_not_have_it_any_more_at_that_moment_reads_a_sentence(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    offers = iter([True, True, False])
    form = {"once": token_of(signed_in, URL)}
    monkeypatch.setattr(asking, "is_offered", lambda _person: next(offers, True))
    reply = signed_in.post(MAKE, form)
    assert reply.status_code == 409
    assert "Horizon accounts are not available here." in text(reply)
    assert not CloudUser.objects.exists()


def test_it_is_ready_once_the_cloud_has_it_and_a_new_password_waits_again(signed_in: Client) -> None:
    signed_in.post(MAKE)
    settle()
    assert "Ready" in text(signed_in.get(URL))
    signed_in.post(MAKE)
    assert "Taking the new password" in text(signed_in.get(URL))


def test_what_takes_long_or_is_refused_is_said_without_the_clouds_words(signed_in: Client) -> None:
    signed_in.post(MAKE)
    CloudUser.objects.update(asked_at=timezone.now() - timedelta(minutes=5))
    assert "longer than usual" in text(signed_in.get(URL))
    settling.refused(CloudUser.objects.get(), "403 secret words")
    page = text(signed_in.get(URL))
    assert ("refuses it" in page, "secret words" in page) == (True, False)


def test_the_end_is_asked_for_first(signed_in: Client) -> None:
    signed_in.post(MAKE)
    settle()
    assert CloudUser.objects.get().name in text(signed_in.get(END))
    assert OutsideAccount.objects.exists()
    assert signed_in.post(END)["Location"] == URL
    assert not OutsideAccount.objects.exists()
    page = text(signed_in.get(URL))
    assert "being deleted" in page
    assert "Use Horizon too" in page
    assert signed_in.post(END)["Location"] == URL


def test_whoever_sits_down_at_an_open_session_is_asked_for_the_password(client: Client, student: User) -> None:
    client.force_login(student)
    assert "/accounts/confirm/" in client.post(MAKE)["Location"]
    assert not CloudUser.objects.exists()


def test_the_password_is_shown_once_that_was_given(client: Client, student: User) -> None:
    """The press of before goes on by itself, and is done once."""
    client.force_login(student)
    question = client.post(MAKE, {"once": token_of(client, URL)})["Location"]
    assert password_in(client.post(question, {"password": "minga"})) == unseal(CloudUser.objects.get().sealed_password)


@pytest.mark.parametrize("path", [URL, END])
def test_off_by_the_settings_there_is_no_such_page(signed_in: Client, settings: Any, path: str) -> None:
    settings.KEYSTONE_USERS_FOR_STUDENTS = False
    assert signed_in.get(path).status_code == 404
    assert signed_in.post(path).status_code == 404
    assert signed_in.post(MAKE).status_code == 404
    assert URL not in text(signed_in.get("/account/"))


def test_whoever_came_from_the_cloud_has_the_page_of_before(
    client: Client, db: None, cloud_people: FakePeople, settings: Any
) -> None:
    settings.IS_OPENSTACK = True
    client.post("/accounts/login/", {"login": "ana", "password": "cloud"})
    assert "clouds.yaml" in text(client.get(URL))
    assert client.post(MAKE).status_code == 404
    assert not CloudUser.objects.exists()


def test_its_name_and_password_open_the_same_account_here(
    signed_in: Client, student: User, cloud_people: FakePeople
) -> None:
    password = password_in(signed_in.post(MAKE))
    row = settle()
    assert "sign in here with that name" in text(signed_in.get(URL))
    cloud_people.add(row.name, password, id=row.subject, roles=frozenset({"member"}))
    assert isinstance(cloud_people.sign_in(row.name, password, ""), CloudPerson)
    browser = Client()
    browser.post("/accounts/login/", {"login": row.name, "password": password})
    assert student.username in text(browser.get("/account/"))
    assert User.objects.count() == 1


def test_somebody_else_s_is_not_seen(signed_in: Client, student2: User) -> None:
    signed_in.post(MAKE)
    name = CloudUser.objects.get().name
    other = Client()
    other.force_login(student2)
    assert name not in text(other.get(URL))
    other.post(END)
    assert CloudUser.objects.get().ended_at is None
