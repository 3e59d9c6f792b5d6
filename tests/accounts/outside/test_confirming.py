"""“Is it you?” of people whose sign-in is kept elsewhere: by the password there, or by signing in there once more."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.models import OutsideAccount, User
from cloud.contract import Denial
from portal.confirmation import SECONDS
from tests.accounts.outside.oidc_process import BEGIN, Provider
from tests.accounts.outside.people_of_the_cloud import cloud_people as cloud_people
from tests.cloud.fake_people import FakePeople
from tests.pages.second_steps import HERE, code, confirm, with_app

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("oidc")]
APP, CONFIRM, ELSEWHERE = f"{HERE}app/", "/accounts/confirm/", "/accounts/confirm/elsewhere/"


def make_old(client: Client) -> None:
    """Have what this browser has shown be some minutes ago."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {**record, "at": record["at"] - SECONDS} for record in session[AUTHENTICATION_METHODS_SESSION_KEY]
    ]
    session.save()


# ---- the password of the cloud or of a directory ----


@pytest.fixture
def ana(db: None, client: Client, cloud_people: FakePeople) -> User:
    client.post("/accounts/login/", {"login": "ana", "password": "cloud"})
    return User.objects.get(username="ana")


@pytest.mark.parametrize("page", ["app/", "passkey/new/"])
def test_the_password_of_the_cloud_is_asked_for_once_more(client: Client, ana: User, page: str) -> None:
    asked = client.get(HERE + page)["Location"]
    assert parse_qs(urlsplit(asked).query) == {"next": [HERE + page]}
    assert asked.startswith(CONFIRM)
    sent = {"next": HERE + page}
    assert client.post(CONFIRM, {**sent, "password": "guess"}).status_code == 200
    assert client.get(HERE + page).status_code == 302
    assert client.post(CONFIRM, {**sent, "password": "cloud"})["Location"] == HERE + page
    assert client.get(HERE + page).status_code == 200


def test_it_holds_for_some_minutes(client: Client, ana: User) -> None:
    client.post(CONFIRM, {"password": "cloud"})
    assert client.get(APP).status_code == 200
    make_old(client)
    assert client.get(APP)["Location"].startswith(CONFIRM)


def test_what_the_cloud_says_is_said_at_the_field(client: Client, ana: User, cloud_people: FakePeople) -> None:
    cloud_people.add("ana", "cloud", denied=Denial.EXPIRED)
    assert "has expired" in client.post(CONFIRM, {"password": "cloud"}).content.decode()
    assert client.get(APP).status_code == 302


def test_another_s_password_shows_nothing(client: Client, ana: User, cloud_people: FakePeople) -> None:
    cloud_people.add("eve", "cloud of eve")
    client.post(CONFIRM, {"password": "cloud of eve"})
    assert client.get(APP).status_code == 302


def test_with_an_app_either_is_enough(client: Client, ana: User) -> None:
    secret = with_app(ana)
    assert "/accounts/confirm/code/" in client.get(CONFIRM).content.decode()
    client.post("/accounts/confirm/code/", {"code": code(secret)})
    assert client.get(f"{HERE}codes/").status_code == 200


def test_whoever_has_no_way_left_reads_so(client: Client, ana: User, settings: Any) -> None:
    settings.CLOUD_SIGN_IN_URL = ""
    asked = client.get(APP)["Location"]
    assert asked.startswith(ELSEWHERE)
    assert "is no longer connected to this site" in client.get(asked).content.decode()


# ---- at a provider ----


def confirmed(client: Client, provider: Provider, person: str, wanted: str = APP) -> Any:
    """Sign in there once more as this person; return our answer."""
    begun = client.get(BEGIN, {"process": "confirm", "next": wanted})["Location"]
    return client.get(provider.answer(begun, person))


def test_a_fresh_sign_in_at_the_provider_is_enough(client: Client, visit: Any) -> None:
    visit("ana")
    assert client.get(APP).status_code == 200


def test_some_minutes_later_it_is_asked_for_once_more(client: Client, visit: Any, provider: Provider) -> None:
    visit("ana")
    make_old(client)
    asked = client.get(APP)["Location"]
    page = client.get(asked).content.decode()
    assert f'href="{BEGIN}?process=confirm&amp;next=' in page
    assert f'href="{HERE}"' in page  # the way back
    begun = parse_qs(urlsplit(client.get(BEGIN, {"process": "confirm"})["Location"]).query)
    assert (begun["prompt"], begun["max_age"]) == (["login"], ["0"])
    assert confirmed(client, provider, "ana")["Location"] == APP
    assert client.get(APP).status_code == 200


def test_a_sign_in_of_hours_ago_shows_nothing_now(client: Client, visit: Any, provider: Provider) -> None:
    visit("old")
    assert client.get(APP)["Location"].startswith(ELSEWHERE)
    reply = confirmed(client, provider, "old")
    assert "did not say that you signed in just now" in client.get(reply["Location"]).content.decode()
    assert client.get(APP).status_code == 302


def test_nor_does_one_of_an_unknown_time(client: Client, visit: Any, provider: Provider) -> None:
    visit("bob")
    assert confirmed(client, provider, "bob")["Location"].startswith(ELSEWHERE)
    assert client.get(APP).status_code == 302


def test_another_person_s_account_shows_nothing(client: Client, visit: Any, provider: Provider) -> None:
    visit("eve", Client())
    visit("ana")
    make_old(client)
    for stranger in ("eve", "mail"):
        reply = confirmed(client, provider, stranger)
        assert "not the account with which you sign in" in client.get(reply["Location"]).content.decode()
    assert client.get(APP).status_code == 302
    assert "ana" in client.get("/account/").content.decode()
    assert not User.objects.filter(username="mail").exists()


def test_whoever_changes_their_mind_there_is_back_at_the_question(client: Client, visit: Any) -> None:
    visit("ana")
    begun = client.get(BEGIN, {"process": "confirm", "next": APP})["Location"]
    state = parse_qs(urlsplit(begun).query)["state"][0]
    reply = client.get(f"{BEGIN}callback/?error=access_denied&state={state}")
    assert reply["Location"].startswith(ELSEWHERE)


# ---- an administrator ends a second step ----


@pytest.fixture
def end(student: User) -> str:
    with_app(student)
    return f"/manage/people/{student.pk}/second-step/end/"


def test_an_administrator_shows_who_ends_a_second_step(client: Client, admin: User, end: str) -> None:
    client.force_login(admin)
    assert client.post(end, {"once": "x" * 20})["Location"].startswith(CONFIRM)
    assert Authenticator.objects.exists()
    reply = client.post(CONFIRM, {"password": "minga", "next": end})  # goes on with what was sent
    assert reply["Location"] == end.removesuffix("second-step/end/")
    assert not Authenticator.objects.exists()
    assert "The second step is ended" in client.get(reply["Location"]).content.decode()


def test_an_administrator_from_a_provider_signs_in_there_for_it(
    client: Client, visit: Any, provider: Provider, end: str
) -> None:
    visit("ana")
    User.objects.filter(username="ana").update(roles=["admin"])
    make_old(client)
    assert client.post(end)["Location"].startswith(ELSEWHERE)
    reply = confirmed(client, provider, "ana", end)
    assert reply["Location"] == end.removesuffix("second-step/end/")
    assert not Authenticator.objects.exists()


def test_nobody_else_is_asked_who_they_are(client: Client, teacher: User, end: str) -> None:
    client.force_login(teacher)
    confirm(client)
    assert client.post(end).status_code == 403
    assert Authenticator.objects.exists()


def test_a_link_to_a_provider_does_not_make_the_page_of_a_password_one_of_nothing(
    client: Client, student: User, provider: Provider
) -> None:
    """Ask whoever has a password here for that, whatever is linked to it."""
    OutsideAccount.objects.create(user=student, way="oidc", subject="7", name="s")
    client.force_login(student)
    assert client.get(APP)["Location"].startswith(f"{CONFIRM}?")
