"""The second step of people whose password is kept elsewhere: asked of them as of all, and nobody is locked out by it."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.accounts.outside.people_of_the_cloud import cloud_people as cloud_people
from tests.cloud.fake_people import FakePeople
from tests.pages.second_steps import HERE, STEP, code, is_in, with_app

ANA = {"login": "ana", "password": "cloud"}


@pytest.fixture
def ana(db: None, client: Client, cloud_people: FakePeople) -> User:
    """Ana, signed in by the client with her account of the cloud."""
    client.post("/accounts/login/", ANA)
    return User.objects.get(username="ana")


def test_the_cloud_s_password_alone_is_not_enough(ana: User) -> None:
    secret, browser = with_app(ana), Client()
    assert browser.post("/accounts/login/", ANA)["Location"] == STEP
    assert not is_in(browser)
    browser.post(STEP, {"code": code(secret)})
    assert is_in(browser)


def test_nor_is_it_for_a_program(client: Client, ana: User) -> None:
    secret, sent = with_app(ana), {"username": "ana", "password": "cloud"}
    refused = client.post("/api/v1/auth/token/", sent, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (401, "second_step_required")
    sent["code"] = code(secret)
    assert client.post("/api/v1/auth/token/", sent, content_type="application/json").status_code == 200


def test_who_is_blocked_between_the_steps_stays_out(ana: User) -> None:
    secret, browser = with_app(ana), Client()
    browser.post("/accounts/login/", ANA)
    User.objects.update(is_active=False)
    browser.post(STEP, {"code": code(secret)})
    assert not is_in(browser)


def test_whoever_owes_it_sets_it_up_and_changes_it_with_a_code(client: Client, ana: User, settings: Any) -> None:
    settings.MFA_REQUIRED_FOR = ["student"]
    assert client.get("/keys/")["Location"] == HERE
    assert client.get(f"{HERE}app/")["Location"].startswith("/accounts/confirm/?")
    client.post("/accounts/confirm/", {"password": "cloud"})
    assert client.get(f"{HERE}app/").status_code == 200
    secret = with_app(ana)
    browser = Client()
    browser.post("/accounts/login/", ANA)
    browser.post(STEP, {"code": (typed := code(secret))})
    assert "/accounts/confirm/code/" in browser.get(f"{HERE}app/end/", follow=True).content.decode()
    again = {"code": typed, "next": f"{HERE}app/end/"}
    assert browser.post("/accounts/confirm/code/", again).status_code == 200  # it was good once
    assert browser.post("/accounts/confirm/", {"password": "cloud", "next": f"{HERE}app/end/"}).status_code == 302
    assert browser.get(f"{HERE}app/end/").status_code == 200
