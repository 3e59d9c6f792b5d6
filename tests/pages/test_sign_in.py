"""The sign-in page: limits, a full house, and forms that are older than the session."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import Settings
from django.db import OperationalError
from django.test import Client
from django.urls import path
from psycopg_pool import PoolTimeout

from accounts import emails, passwords
from accounts.limits import OF_A_NAME
from accounts.models import User
from lib.cpu_turns import Turns
from portal import urls

URL = "/accounts/login/"
TOKEN = "/api/v1/auth/token/"


def sign_in(client: Client, password: str = "minga", login: str = "student", **more: Any) -> Any:
    return client.post(URL, {"login": login, "password": password}, **more)


@contextmanager
def full_house(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """Take all turns in other processes. Passwords are hashed as in production, which takes turns."""
    settings.PASSWORD_HASHERS = Settings("portal.settings").PASSWORD_HASHERS
    for person in User.objects.all():
        person.set_password("minga")
        person.save()
    ours, theirs = (Turns(folder / "turns", most=1, seconds=0.05) for _ in range(2))
    monkeypatch.setattr(passwords, "turns", lambda: ours)
    with theirs.take():
        yield
    monkeypatch.setattr(passwords, "turns", lambda: theirs)


def test_the_name_or_a_verified_address_lets_in_as_the_page_says(student: User) -> None:
    student.email = "ana@example.org"
    student.save(update_fields=["email"])
    emails.trust(student)
    assert ">Username or e-mail</label>" in Client().get(URL).content.decode()
    assert [sign_in(Client(), login=name).status_code for name in ("student", "Ana@example.org")] == [302, 302]


def test_after_too_many_wrong_passwords_a_page_of_ours_says_how_long(client: Client, student: User) -> None:
    for _ in range(OF_A_NAME):
        sign_in(client, "guess")
    reply = sign_in(client)
    assert (reply.status_code, reply["Retry-After"]) == (429, "30")
    assert "Wait 30 s" in reply.content.decode()


def test_pages_and_api_share_one_counter(client: Client, student: User) -> None:
    for _ in range(OF_A_NAME // 2):
        sign_in(client, "guess")
        client.post(TOKEN, {"username": "student", "password": "guess"}, content_type="application/json")
    reply = client.post(TOKEN, {"username": "Student", "password": "minga"}, content_type="application/json")
    assert (reply.status_code, reply["Retry-After"], reply.json()["code"]) == (429, "30", "throttled")


def test_forty_in_a_minute_from_one_address_get_in(db: None) -> None:
    for n in range(40):
        User.objects.create_user(username=f"p{n}", password="minga")
        assert sign_in(Client(), login=f"p{n}").status_code == 302


def test_the_visitor_behind_a_proxy_is_the_one_who_is_counted(client: Client, student: User, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1/32"]
    for _ in range(OF_A_NAME):
        sign_in(client, "guess", headers={"X-Forwarded-For": "203.0.113.9"})
    assert sign_in(client, headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 429
    assert sign_in(client, headers={"X-Forwarded-For": "203.0.113.10"}).status_code == 302


def test_a_full_house_is_a_calm_page(
    client: Client, student: User, tmp_path: Path, monkeypatch: Any, settings: Any
) -> None:
    with full_house(tmp_path, monkeypatch, settings):
        reply = sign_in(client, headers={"Accept-Language": "es"})
    assert (reply.status_code, reply["Retry-After"]) == (503, "5")
    assert "Vuelve a intentarlo en unos segundos" in reply.content.decode()


def test_a_program_reads_that_it_is_busy(
    client: Client, student: User, tmp_path: Path, monkeypatch: Any, settings: Any
) -> None:
    with full_house(tmp_path, monkeypatch, settings):
        reply = client.post(TOKEN, {"username": "nobody", "password": "x"}, content_type="application/json")
    assert (reply.status_code, reply["Retry-After"], reply.json()["code"]) == (503, "5", "busy")


def test_a_full_house_counts_nothing_against_anybody(
    client: Client, student: User, tmp_path: Path, monkeypatch: Any, settings: Any
) -> None:
    with full_house(tmp_path, monkeypatch, settings):
        for _ in range(OF_A_NAME + 1):
            sign_in(client, "guess")
    assert sign_in(client).status_code == 302


@pytest.mark.parametrize(
    ("address", "kind"), [("/no/", "text/html; charset=utf-8"), ("/api/no/", "application/problem+json")]
)
def test_no_free_database_connection_is_busy_and_no_500(client: Client, db: None, address: str, kind: str) -> None:
    def view(_request: object) -> None:
        raise OperationalError("couldn't get a connection after 3.00 sec") from PoolTimeout("…")

    view.login_required = False  # type: ignore[attr-defined]
    urls.urlpatterns.insert(0, path(address[1:], view))
    try:
        reply = Client(raise_request_exception=False).get(address)
    finally:
        urls.urlpatterns.pop(0)
    assert (reply.status_code, reply["Retry-After"], reply["Content-Type"]) == (503, "5", kind)


def test_a_database_that_is_broken_is_still_a_500(db: None) -> None:
    def view(_request: object) -> None:
        raise OperationalError("disk full")

    view.login_required = False  # type: ignore[attr-defined]
    urls.urlpatterns.insert(0, path("no/", view))
    try:
        assert Client(raise_request_exception=False).get("/no/").status_code == 500
    finally:
        urls.urlpatterns.pop(0)


def test_a_second_tabs_old_form_leads_on_whoever_is_signed_in(student: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(student)
    reply = client.post(URL, {"login": "student", "password": "minga", "next": "/keys/"})
    assert (reply.status_code, reply["Location"]) == (302, "/keys/")


def test_an_old_form_leads_nowhere_else(student: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(student)
    assert client.post(URL, {"next": "https://evil.example/"})["Location"] == "/"


def test_an_old_form_of_somebody_signed_out_becomes_a_new_one(db: None) -> None:
    reply = Client(enforce_csrf_checks=True).post(URL, {"next": "/keys/"}, follow=True)
    assert reply.redirect_chain == [("/accounts/login/?next=/keys/", 302)]
    assert "sign in once more" in reply.content.decode()


def test_signing_out_twice_is_no_error(db: None) -> None:
    assert Client(enforce_csrf_checks=True).post("/accounts/logout/")["Location"] == URL


def test_other_old_forms_are_refused(student: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(student)
    assert client.post("/keys/make/").status_code == 403


def test_wrong_guesses_at_the_old_password_count_too(client: Client, student: User) -> None:
    client.force_login(student)
    form = {"oldpassword": "guess", "password1": "a new one 77", "password2": "a new one 77"}
    answers = [client.post("/accounts/password/change/", form).status_code for _ in range(OF_A_NAME + 1)]
    assert (answers[0], answers[-1]) == (200, 429)


def test_a_closed_account_reads_so(client: Client, student: User) -> None:
    User.objects.update(is_active=False)
    assert "This account is closed" in sign_in(client, follow=True).content.decode()


@pytest.mark.parametrize(
    "page",
    [
        "email/",
        "confirm-email/",
        "confirm-email/x/",
        "reauthenticate/",
        "login/code/confirm/",
        "2fa/",
        "2fa/webauthn/signup/",
    ],
)
def test_what_has_no_page_of_ours_is_not_there(client: Client, student: User, page: str) -> None:
    client.force_login(student)
    assert client.get(f"/accounts/{page}").status_code == 404


def test_a_head_is_led_to_sign_in_as_a_get_is(client: Client, db: None) -> None:
    get, head = client.get("/keys/"), client.head("/keys/")
    assert (head.status_code, head["Location"]) == (get.status_code, get["Location"])
    assert not head.cookies  # nor a message that a session has ended


def test_whose_account_was_closed_reads_so_once(client: Client, student: User) -> None:
    client.force_login(student)
    User.objects.filter(pk=student.pk).update(is_active=False)
    assert b"This account is closed" in client.get("/", follow=True).content
    assert b"This account is closed" not in client.get("/", follow=True).content
