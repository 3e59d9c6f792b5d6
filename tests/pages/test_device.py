"""The page on which a person allows a program, and the two addresses that the program asks."""

from typing import Any

import pytest
from django.test import Client

from accounts import tokens
from accounts.models import User

PAGE = "/account/device/"


def ask(path: str, body: Any, **headers: str) -> Any:
    return Client().post(f"/api/v1/auth/{path}", body, content_type="application/json", headers=headers)


@pytest.fixture
def codes(db: None) -> Any:
    reply = ask("device/", {"name": "<b>laptop"})
    assert "no-store" in reply["Cache-Control"]
    return reply.json()


@pytest.fixture
def browser(student: User) -> Client:
    client = Client()
    client.force_login(student)
    return client


def test_the_program_learns_what_rfc_8628_says(codes: Any) -> None:
    assert set(codes) == {"device_code", "user_code", "verification_uri", "expires_in", "interval"}
    assert (codes["verification_uri"], codes["expires_in"], codes["interval"]) == (f"http://testserver{PAGE}", 600, 5)


def test_a_person_allows_it_and_the_program_is_signed_in(codes: Any, browser: Client, student: User) -> None:
    shown = browser.post(PAGE, {"code": codes["user_code"]})
    assert (b"&lt;b&gt;laptop" in shown.content, b"127.0.0.1" in shown.content) == (True, True)
    assert tokens.of(student).count() == 0
    done = browser.post(PAGE, {"code": codes["user_code"], "decision": "allow"})
    assert (done.status_code, "no-store" in done["Cache-Control"]) == (200, True)
    token = ask("device/token/", {"device_code": codes["device_code"]}).json()["token"]
    me = Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["username"] == "student"


def test_a_lost_answer_is_given_again_to_the_same_key(codes: Any, browser: Client, student: User) -> None:
    browser.post(PAGE, {"code": codes["user_code"], "decision": "allow"})
    sent = {"device_code": codes["device_code"]}
    first, second = (ask("device/token/", sent, **{"Idempotency-Key": "k1"}) for _try in range(2))
    assert (first.json(), tokens.of(student).count()) == (second.json(), 1)
    assert ask("device/token/", sent, **{"Idempotency-Key": "k2"}).json()["code"] == "expired_token"


def test_a_second_click_shows_what_the_first_did(codes: Any, browser: Client) -> None:
    replies = [
        browser.post(PAGE, {"code": codes["user_code"], "decision": word}) for word in ("allow", "allow", "deny")
    ]
    assert {(reply.status_code, b"Allowed." in reply.content) for reply in replies} == {(200, True)}


def test_denied(codes: Any, browser: Client) -> None:
    browser.post(PAGE, {"code": codes["user_code"], "decision": "deny"})
    reply = ask("device/token/", {"device_code": codes["device_code"]})
    assert (reply.status_code, reply.json()["code"]) == (400, "access_denied")


def test_nobody_decides_without_signing_in(codes: Any) -> None:
    reply = Client().post(PAGE, {"code": codes["user_code"], "decision": "allow"})
    assert "/accounts/login/" in reply["Location"]
    assert ask("device/token/", {"device_code": codes["device_code"]}).json()["code"] == "authorization_pending"


def test_another_site_cannot_allow_it(codes: Any, browser: Client) -> None:
    browser.handler.enforce_csrf_checks = True
    assert browser.post(PAGE, {"code": codes["user_code"], "decision": "allow"}).status_code == 403


def test_a_link_carries_no_code(codes: Any, browser: Client) -> None:
    shown = browser.get(f"{PAGE}?code={codes['user_code']}").content.decode()
    assert ('id="code"' in shown, f'value="{codes["user_code"]}"' in shown) == (True, False)


def test_a_wrong_code_is_a_sentence(browser: Client) -> None:
    reply = browser.post(PAGE, {"code": "BBBB-BBBB"}, headers={"Accept-Language": "es"})
    assert (reply.status_code, "Ningún programa espera" in reply.content.decode()) == (404, True)


def test_too_many_codes_are_answered_with_a_pause(browser: Client) -> None:
    replies = [browser.post(PAGE, {"code": "BBBB-BBBB"}) for _guess in range(11)]
    assert (replies[-1].status_code, "Retry-After" in replies[-1]) == (429, True)
