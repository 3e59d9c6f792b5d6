"""A name and a password are sent to the cloud: whose, how often, and what is held meanwhile."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.limits import OF_A_NAME
from accounts.models import SignInFailures, SignInTotal, User
from accounts.outside import keystone, sign_in
from accounts.outside.outside_refusals import NoAnswer
from cloud.contract import Denial
from tests.accounts.outside.people_of_the_cloud import cloud_people as cloud_people
from tests.cloud.fake_people import FakePeople
from tests.database_clients import database_clients
from tests.waiting import PATIENCE, until

URL, TOKEN = "/accounts/login/", "/api/v1/auth/token/"


def page(client: Client, login: str = "ana", password: str = "cloud") -> str:
    """Return what the page says; '' for whoever is signed in."""
    reply = client.post(URL, {"login": login, "password": password})
    return "" if reply.status_code == 302 else reply.content.decode()


def by_api(client: Client, username: str = "ana", password: str = "cloud") -> Any:
    return client.post(TOKEN, {"username": username, "password": password}, content_type="application/json")


def test_somebody_of_the_cloud_signs_in(client: Client, db: None, cloud_people: FakePeople) -> None:
    assert page(client) == ""
    assert "Ana Paredes" in client.get("/account/").content.decode()
    assert by_api(client).status_code == 200
    assert dict(SignInTotal.objects.values_list("kind", "count")) == {"keystone:signed_in": 2}


@pytest.mark.usefixtures("student")
@pytest.mark.parametrize(
    ("login", "password"), [("student", "minga"), ("STUDENT", "wrong"), ("student@example.org", "x")]
)
def test_a_name_with_a_password_here_is_sent_nowhere(
    client: Client, cloud_people: FakePeople, login: str, password: str
) -> None:
    cloud_people.add("student", password)
    assert bool(page(client, login, password)) == (password != "minga")
    assert cloud_people.asked == []


def test_a_wrong_password_is_sent_once_and_counted(client: Client, db: None, cloud_people: FakePeople) -> None:
    assert "Wrong name or password" in page(client, password="wrong")
    assert by_api(client, password="wrong").json()["code"] == "wrong_password"
    assert cloud_people.asked == [("ana", "wrong")] * 2
    assert SignInFailures.objects.exists()
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("denied", "code", "words"),
    [
        (Denial.SECOND_FACTOR, "second_factor", "second step"),
        (Denial.EXPIRED, "password_expired", "expired"),
        (Denial.LOCKED, "account_locked", "locked"),
    ],
)
def test_what_the_cloud_says_is_said(
    client: Client, db: None, cloud_people: FakePeople, denied: Denial, code: str, words: str
) -> None:
    cloud_people.add("bea", "cloud", denied=denied)
    assert words in page(client, "bea")
    reply = by_api(client, "bea")
    assert (reply.status_code, reply.json()["code"]) == (401, code)
    assert SignInFailures.objects.filter(count__gt=0).exists() == (denied is Denial.LOCKED)


def test_somebody_s_name_is_not_taken_over(client: Client, db: None, cloud_people: FakePeople) -> None:
    User.objects.create_user(username="Ana", password=None)  # invited, has not chosen a password yet
    assert "ask an administrator" in page(client)
    assert by_api(client).json()["code"] == "name_taken"


def test_who_is_blocked_here_stays_out(client: Client, db: None, cloud_people: FakePeople) -> None:
    assert page(client) == ""
    User.objects.update(is_active=False)
    fresh = Client()
    assert fresh.post(URL, {"login": "ana", "password": "cloud"})["Location"] == "/accounts/inactive/"
    assert by_api(fresh).status_code == 401


def test_an_address_finds_the_account(client: Client, db: None, cloud_people: FakePeople) -> None:
    assert page(client) == ""
    User.objects.update(username="paredes")
    assert page(Client(), "ana@uni.example") == ""
    assert {name for name, _password in cloud_people.asked} == {"ana"}


@pytest.mark.parametrize("password", ["", "x" * 2000])
def test_no_password_and_a_very_long_one_are_sent_nowhere(db: None, cloud_people: FakePeople, password: str) -> None:
    assert sign_in.sign_in("ana", password) is None
    assert sign_in.sign_in("a" * 300, "cloud") is None
    assert cloud_people.asked == []


def test_a_cloud_that_is_away_is_no_wrong_password(client: Client, db: None, cloud_people: FakePeople) -> None:
    cloud_people.busy = True
    assert "does not answer" in page(client)
    reply = by_api(client)
    assert (reply.status_code, reply.json()["code"]) == (503, "no_answer")
    assert not SignInFailures.objects.filter(count__gt=0).exists()
    assert SignInTotal.objects.get(kind="keystone:no_answer").count == 2


def test_one_server_that_is_away_makes_no_guess_at_the_other_free(
    client: Client, db: None, cloud_people: FakePeople, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_away(name: str, password: str) -> None:
        raise NoAnswer

    monkeypatch.setattr(sign_in, "ways", lambda: {"keystone": keystone.check, "ldap": is_away})
    for _guess in range(OF_A_NAME):
        assert "does not answer" in page(client, password="wrong")
    assert client.post(URL, {"login": "ana", "password": "wrong"}).status_code == 429


def test_a_cloud_that_hangs_is_left_and_local_people_come_in(
    client: Client, admin: User, cloud_people: FakePeople, settings: Any
) -> None:
    settings.SIGN_IN_SECONDS, cloud_people.hangs = 0.1, threading.Event()
    assert "does not answer" in page(client)
    assert page(client, "admin", "minga") == ""


@pytest.mark.django_db(transaction=True)
def test_no_database_connection_is_held_while_the_cloud_hangs(cloud_people: FakePeople) -> None:
    left = database_clients()
    began, cloud_people.hangs = threading.Semaphore(0), threading.Event()
    ask, held = cloud_people.sign_in, []

    def noting(*args: Any) -> Any:
        began.release()
        return ask(*args)

    cloud_people.sign_in = noting  # type: ignore[method-assign]

    def visit() -> None:
        held.append(sign_in.sign_in("ana", "cloud"))
        connection.close()

    threads = [threading.Thread(target=visit) for _ in range(3)]
    [thread.start() for thread in threads]
    assert all(began.acquire(timeout=PATIENCE) for _ in threads)
    until(
        lambda: not database_clients() - left, "no connection is held"
    )  # PostgreSQL ends one a moment after it was closed
    cloud_people.hangs.set()
    [thread.join() for thread in threads]
    assert {person.username for person in held} == {"ana"}  # three at once, one person
    assert User.objects.count() == 1


def test_nobody_is_asked_where_no_address_is_set(
    client: Client, db: None, cloud_people: FakePeople, settings: Any
) -> None:
    settings.CLOUD_SIGN_IN_URL = ""
    assert "Wrong name or password" in page(client)
    assert cloud_people.asked == []
