"""The second step: an app and recovery codes, from the account's pages and at the sign-in."""

import re
from typing import Any
from urllib.parse import unquote

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from accounts import limits
from accounts.limits import OF_A_NAME
from accounts.models import User
from tests.pages.second_steps import HERE, STEP, code, confirm, is_in, recovery_codes, with_app, with_password

Type = Authenticator.Type


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


def secret_on(page: str) -> str:
    found = re.search(r'<code id="secret"[^>]*>([^<]+)<', page)
    assert found
    return found[1].replace(" ", "")


def codes_on(page: str) -> list[str]:
    """Return the recovery codes as they are copied from a page."""
    shown = re.search(r'<ul class="codes mono">(.*?)</ul>', page)
    assert shown
    return [re.sub(r"<[^>]*>", "", line) for line in re.findall(r"<li>(.*?)</li>", shown[1])]


# ---- on the account's pages ----


def test_who_confirms_stays_signed_in_when_the_password_is_hashed_anew(signed_in: Client, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    confirm(signed_in)
    assert User.objects.get(username="student").password.startswith("pbkdf2")
    assert is_in(signed_in)


def test_an_app_is_set_up_with_the_code_that_it_shows(signed_in: Client, student: User) -> None:
    confirm(signed_in)
    secret = secret_on(signed_in.get(f"{HERE}app/").content.decode())
    reply = signed_in.post(f"{HERE}app/", {"code": code(secret)}, follow=True)
    assert reply.redirect_chain == [(f"{HERE}codes/", 302)]
    assert codes_on(reply.content.decode()) == recovery_codes(student)
    assert "pill tone-on" in signed_in.get(HERE).content.decode()


def test_the_picture_is_an_svg_that_the_page_needs_not_trust(signed_in: Client) -> None:
    confirm(signed_in)
    assert re.search(r'<svg class="qr"[^>]*>\s*<path d="M4 4h7v1h-7z', signed_in.get(f"{HERE}app/").content.decode())


def test_a_wrong_code_sets_up_nothing(signed_in: Client) -> None:
    confirm(signed_in)
    signed_in.get(f"{HERE}app/")
    reply = signed_in.post(f"{HERE}app/", {"code": "000000"})
    assert "This code is not right" in reply.content.decode()
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("page", ["app/", "app/end/", "codes/", "codes/new/", "passkey/new/"])
def test_before_a_change_one_shows_once_more_who_one_is(signed_in: Client, student: User, page: str) -> None:
    if page != "app/":
        with_app(student)
    assert unquote(signed_in.get(HERE + page)["Location"]) == f"/accounts/confirm/?next={HERE}{page}"


def test_there_a_code_is_called_what_the_person_has(signed_in: Client, student: User) -> None:
    Authenticator.objects.create(user=student, type=Type.WEBAUTHN, data={"name": "phone"})
    RecoveryCodes.activate(student)
    page = signed_in.get("/accounts/confirm/").content.decode()
    assert ("Use a recovery code" in page, "Use an app code" in page) == (True, False)
    TOTP.activate(student, generate_totp_secret())
    assert "Use an app code" in signed_in.get("/accounts/confirm/").content.decode()


def test_wrong_passwords_there_are_counted(signed_in: Client) -> None:
    answers = [signed_in.post("/accounts/confirm/", {"password": "guess"}).status_code for _ in range(OF_A_NAME + 1)]
    assert (answers[0], answers[-1]) == (200, 429)


def test_the_app_is_removed_with_the_recovery_codes(signed_in: Client, student: User) -> None:
    with_app(student)
    confirm(signed_in)
    for _twice in range(2):
        assert signed_in.post(f"{HERE}app/end/")["Location"] == HERE
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("page", ["name", "remove"])
def test_the_passkeys_of_another_person_are_not_there(signed_in: Client, teacher: User, page: str) -> None:
    theirs = Authenticator.objects.create(user=teacher, type=Type.WEBAUTHN, data={"name": "phone"})
    confirm(signed_in)
    for ask in (signed_in.get, signed_in.post):
        assert ask(f"{HERE}passkey/{theirs.pk}/{page}/").status_code == 404
    assert Authenticator.objects.filter(pk=theirs.pk).exists()


def test_new_recovery_codes_end_the_old_ones(signed_in: Client, student: User) -> None:
    with_app(student)
    old = recovery_codes(student)
    confirm(signed_in)
    signed_in.post(f"{HERE}codes/new/")
    assert not set(old) & set(recovery_codes(student))


@pytest.mark.parametrize("page", ["", "new/", "download/"])
def test_without_a_second_step_there_are_no_recovery_codes(signed_in: Client, page: str) -> None:
    confirm(signed_in)
    assert signed_in.get(f"{HERE}codes/{page}")["Location"] == HERE
    assert signed_in.post(f"{HERE}codes/{page}")["Location"] == HERE
    assert not Authenticator.objects.exists()


def test_recovery_codes_are_shown_in_groups_of_four(signed_in: Client, student: User) -> None:
    with_app(student)
    confirm(signed_in)
    page = signed_in.get(f"{HERE}codes/").content.decode()
    assert page.count("<li><span>") == len(recovery_codes(student))
    for each in recovery_codes(student):
        assert f"<li><span>{each[:4]}</span><span>{each[4:]}</span></li>" in page


def test_recovery_codes_are_downloaded(signed_in: Client, student: User) -> None:
    with_app(student)
    confirm(signed_in)
    reply = signed_in.get(f"{HERE}codes/download/")
    assert reply["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert [c for c in recovery_codes(student) if c in reply.content.decode()] == recovery_codes(student)


# ---- at the sign-in ----


def test_the_password_alone_is_not_enough(client: Client, student: User) -> None:
    with_app(student)
    assert with_password(client)["Location"] == STEP
    assert not is_in(client)
    assert "Second step" in client.get(STEP).content.decode()


def test_the_code_of_the_app_lets_in(client: Client, student: User) -> None:
    secret = with_app(student)
    with_password(client)
    assert client.post(STEP, {"code": code(secret)})["Location"] == "/"
    assert is_in(client)


def test_who_came_for_a_page_is_led_there(client: Client, student: User) -> None:
    secret = with_app(student)
    client.post("/accounts/login/", {"login": "student", "password": "minga", "next": "/keys/"})
    assert client.post(STEP, {"code": code(secret)})["Location"] == "/keys/"


def test_a_code_lets_in_once(student: User) -> None:
    typed = code(with_app(student))
    first, second = Client(), Client()
    for client in (first, second):
        with_password(client)
        client.post(STEP, {"code": typed})
    assert (is_in(first), is_in(second)) == (True, False)


def test_a_recovery_code_lets_in_once(student: User) -> None:
    with_app(student)
    typed = recovery_codes(student)[3]
    first, second = Client(), Client()
    for client in (first, second):
        with_password(client)
        client.post(STEP, {"code": typed})
    assert (is_in(first), is_in(second)) == (True, False)
    assert typed not in recovery_codes(student)


def test_after_a_recovery_code_one_reads_how_many_are_left(client: Client, student: User) -> None:
    secret = with_app(student)
    for left in (9, 8):
        with_password(client)
        client.post(STEP, {"code": recovery_codes(student)[0]})
        assert f"You used a recovery code; {left} are left." in client.get("/keys/").content.decode()
        client.logout()
    with_password(client)
    client.post(STEP, {"code": code(secret)})
    assert "You used a recovery code" not in client.get("/keys/").content.decode()


@pytest.mark.parametrize("between", ["", " ", "-", "\u00a0", "\u2013", "\u2009", "\n"])
def test_a_code_that_was_pasted_in_groups_lets_in(client: Client, student: User, between: str) -> None:
    with_app(student)
    typed = recovery_codes(student)[3]
    with_password(client)
    client.post(STEP, {"code": f" {typed[:4]}{between}{typed[4:]}\n"})
    assert is_in(client)


def test_nobody_comes_to_the_second_step_without_the_first(client: Client, student: User) -> None:
    secret = with_app(student)
    assert client.post(STEP, {"code": code(secret)})["Location"] == "/accounts/login/"
    assert not is_in(client)


def test_after_too_many_wrong_codes_one_waits(client: Client, student: User) -> None:
    secret = with_app(student)
    with_password(client)
    answers = [client.post(STEP, {"code": "000000"}).status_code for _ in range(OF_A_NAME)]
    reply = client.post(STEP, {"code": code(secret)})
    assert (answers[0], reply.status_code, reply["Retry-After"]) == (200, 429, "30")


def test_the_right_password_does_not_buy_more_guesses(client: Client, student: User) -> None:
    with_app(student)
    for _ in range(OF_A_NAME):
        with_password(client)
        client.post(STEP, {"code": "000000"})
    with_password(client)
    assert client.post(STEP, {"code": "000000"}).status_code == 429


def test_guesses_from_many_addresses_come_to_an_end(
    student: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1/32"]
    monkeypatch.setattr(limits, "OF_A_SECOND_STEP", 12)
    with_app(student)
    statuses = []
    for n in range(2):
        client, there = Client(), {"headers": {"X-Forwarded-For": f"203.0.113.{n}"}}
        with_password(client, **there)
        statuses += [client.post(STEP, {"code": "000000"}, **there).status_code for _ in range(OF_A_NAME)]
    assert statuses == [200] * 12 + [429] * 8


def test_another_person_goes_in_meanwhile(client: Client, student: User, teacher: User) -> None:
    with_app(student)
    secret = with_app(teacher)
    with_password(client)
    for _ in range(OF_A_NAME):
        client.post(STEP, {"code": "000000"})
    other = Client()
    with_password(other, "teacher")
    assert other.post(STEP, {"code": code(secret)}).status_code == 302


@pytest.mark.parametrize("typed", ["", "x" * 5000, "١٢٣٤٥٦", "\x00", "12345", "🐴"])
def test_odd_codes_are_wrong_codes(client: Client, student: User, typed: str) -> None:
    with_app(student)
    with_password(client)
    assert client.post(STEP, {"code": typed}).status_code == 200
    assert not is_in(client)


@pytest.mark.parametrize(
    "typed", ["", "x", "{}", '{"response": 7}', "[1]", '{"response": {"userHandle": "AA"}}', "\x00"]
)
def test_odd_passkeys_are_wrong_ones(client: Client, student: User, typed: str) -> None:
    with_app(student)
    assert client.get("/accounts/login/passkey/", headers={"Accept": "application/json"}).json()["publicKey"][
        "challenge"
    ]
    assert client.post("/accounts/login/passkey/", {"credential": typed})["Location"] == "/accounts/login/"
    with_password(client)
    assert client.post(STEP, {"credential": typed}).status_code == 200
    assert not is_in(client)


def test_the_pages_speak_spanish(client: Client, student: User) -> None:
    with_app(student)
    spanish = {"headers": {"Accept-Language": "es"}}
    with_password(client, **spanish)
    page = client.post(STEP, {"code": "1"}, **spanish).content.decode()
    assert "Segundo paso" in page
    assert "Este código no es correcto" in page
