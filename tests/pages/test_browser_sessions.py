"""The browsers in which one is signed in: listed, ended one by one, ended all at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.browsers import browser_sessions
from accounts.models import BrowserSession, User
from portal.presenters.user_agents import device
from tests.pages.second_steps import is_in, with_password

URL = "/account/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
PHONE = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Mobile Safari/537.36"
)


@pytest.fixture
def laptop(student: User) -> Client:
    client = Client(headers={"User-Agent": FIREFOX})
    with_password(client)
    return client


@pytest.fixture
def phone(student: User) -> Client:
    client = Client(headers={"User-Agent": PHONE})
    with_password(client)
    return client


def row_of(client: Client) -> BrowserSession:
    return BrowserSession.objects.get(session_key=client.cookies["sessionid"].value)


def test_both_are_listed_and_this_one_is_named(laptop: Client, phone: Client) -> None:
    page = phone.get(URL).content.decode()
    assert page.index("Chrome on Android") < page.index("This one") < page.index("Firefox on Linux")
    assert "127.0.0.1" in page


def test_a_browser_is_signed_out_from_another(laptop: Client, phone: Client) -> None:
    phone.post(f"{URL}{row_of(laptop).pk}/end/")
    assert (is_in(laptop), is_in(phone)) == (False, True)


def test_nobody_ends_the_session_of_another_person(laptop: Client, teacher: User) -> None:
    stranger = Client()
    stranger.force_login(teacher)
    assert stranger.post(f"{URL}{row_of(laptop).pk}/end/").status_code == 404
    assert is_in(laptop)


@pytest.mark.parametrize(("form", "left"), [({}, 1), ({"tokens": "on"}, 0)])
def test_one_signs_out_everywhere_but_here(laptop: Client, phone: Client, student: User, form: Any, left: int) -> None:
    tokens.make(user=student, name="program")
    phone.post(f"{URL}others/end/", form)
    assert (is_in(laptop), is_in(phone)) == (False, True)
    assert tokens.of(student).count() == left
    assert phone.get(URL).content.decode().count("Firefox") == 0


def test_a_changed_password_leaves_this_browser_in_the_list(laptop: Client, phone: Client, student: User) -> None:
    new = {"oldpassword": "minga", "password1": "quite another 9", "password2": "quite another 9"}
    assert phone.post("/accounts/password/change/", new).status_code == 302
    page = phone.get(URL).content.decode()
    assert ("Chrome on Android" in page, "Firefox on Linux" in page) == (True, False)


def test_a_program_with_a_token_is_no_browser(student: User, client: Client) -> None:
    text = tokens.make(user=student, name="program")
    client.get("/api/v1/me/", headers={"Authorization": f"Bearer {text}"})
    assert not BrowserSession.objects.exists()


def test_what_has_ended_is_forgotten(laptop: Client, phone: Client) -> None:
    Session.objects.filter(pk=laptop.cookies["sessionid"].value).update(expire_date=timezone.now() - timedelta(1))
    assert browser_sessions.forget(timezone.now()) == 1
    assert [row.session_key for row in BrowserSession.objects.all()] == [phone.cookies["sessionid"].value]
    assert Session.objects.count() == 1


@pytest.mark.parametrize("agent", ["", "x" * 5000, "Ünïcode \x7f", "curl/8.0"])
def test_odd_browsers_are_unknown_ones(student: User, agent: str) -> None:
    client = Client(headers={"User-Agent": agent})
    with_password(client)
    assert "Unknown browser" in client.get(URL).content.decode()


def test_browsers_are_called_by_what_people_know() -> None:
    edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0"
    safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1"
    assert [device(edge), device(safari)] == ["Edge on Windows", "Safari on iPhone"]
