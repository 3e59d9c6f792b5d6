"""Signing in at a real OpenID Connect provider (django-oauth-toolkit, in a process of its own)."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.db import connection
from django.test import Client
from requests.adapters import HTTPAdapter

from accounts import limits
from accounts.models import AuditRow, Notice, OutsideAccount, SignInTotal, User
from tests.accounts.outside.oidc_process import BEGIN, CALLBACK, Provider
from tests.hanging import hanging
from tests.pages.second_steps import STEP, code, confirm, is_in, with_app

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("oidc")]
HOMES = {"/", "/teaching/"}  # of whoever is a student, a teacher


def test_the_button_leads_there_with_state_nonce_and_pkce(client: Client, provider: Provider) -> None:
    page = client.get("/accounts/login/?next=/keys/").content.decode()
    assert f'href="{BEGIN}?next=%2Fkeys%2F"' in page
    assert "Sign in with the Uni" in page
    asked = parse_qs(urlsplit(client.get(BEGIN)["Location"]).query)
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    assert (asked["code_challenge_method"], asked["redirect_uri"]) == (["S256"], [CALLBACK])


def test_the_first_time_makes_a_person_with_the_table_s_roles(client: Client, visit: Any) -> None:
    assert visit("ana", next="/keys/")["Location"] == "/keys/"
    person = User.objects.get()
    assert (person.username, person.get_full_name(), person.email) == ("ana", "Ana Paredes", "ana@uni.example")
    assert (person.roles, person.has_usable_password()) == (["student", "teacher"], False)
    assert "Ana Paredes" in client.get("/account/").content.decode()
    assert visit("ana", Client())["Location"] in HOMES
    assert SignInTotal.objects.get(kind="oidc:signed_in").count == 2


def test_the_session_ends_with_the_browser_also_after_a_passkey_that_was_begun(client: Client, visit: Any) -> None:
    client.get("/accounts/login/passkey/")
    assert visit("ana").status_code == 302
    assert client.session.get_expire_at_browser_close()


def test_a_page_elsewhere_is_not_led_to(visit: Any) -> None:
    assert visit("ana", next="https://evil.example/")["Location"] in HOMES


@pytest.mark.parametrize("person", ["eve", "mail"])
def test_an_address_of_somebody_here_makes_nobody_them(visit: Any, student: User, person: str) -> None:
    visit(person)
    new = User.objects.exclude(pk=student.pk).get()
    assert (new.username, new.email) == (person, "")


def test_a_name_of_somebody_here_is_not_taken_over(client: Client, visit: Any, student: User) -> None:
    reply = visit("student")
    assert (reply.status_code, "ask an administrator to link" in reply.content.decode()) == (401, True)
    assert client.get("/account/").status_code == 302


def test_claims_of_odd_kinds_break_nothing(visit: Any) -> None:
    assert visit("odd").status_code == 302
    assert (User.objects.get().username, User.objects.get().email, User.objects.get().roles) == ("x", "", ["student"])


def test_who_is_blocked_here_stays_out(client: Client, visit: Any) -> None:
    visit("ana")
    User.objects.update(is_active=False)
    browser = Client()
    assert visit("ana", browser)["Location"] == "/accounts/inactive/"
    assert browser.get("/account/").status_code == 302


def test_a_second_step_is_asked_here_too(visit: Any) -> None:
    visit("ana")
    secret, browser = with_app(User.objects.get()), Client()
    assert visit("ana", browser, next="/keys/")["Location"] == STEP
    assert not is_in(browser)
    assert browser.post(STEP, {"code": code(secret)})["Location"] == "/keys/"
    assert is_in(browser)


def test_an_answer_works_once_and_in_the_browser_that_asked(client: Client, provider: Provider) -> None:
    back = provider.answer(client.get(BEGIN)["Location"], "ana")
    assert Client().get(back).status_code == 401
    assert client.get(back).status_code == 302
    assert Client().get("/account/").status_code == 302
    assert client.get(back).status_code == 401


def test_a_code_of_another_visit_is_refused(client: Client, provider: Provider) -> None:
    """A visitor puts their own code into the address with which another comes back: PKCE refuses it."""
    theirs = parse_qs(urlsplit(provider.answer(Client().get(BEGIN)["Location"], "eve")).query)
    own = parse_qs(urlsplit(provider.answer(client.get(BEGIN)["Location"], "ana")).query)
    mixed = urlencode({"code": theirs["code"][0], "state": own["state"][0]})
    assert client.get(f"{BEGIN}callback/?{mixed}").status_code == 401
    assert not User.objects.exists()


def test_another_nonce_is_refused(client: Client, provider: Provider) -> None:
    asked = client.get(BEGIN)["Location"]
    nonce = parse_qs(urlsplit(asked).query)["nonce"][0]
    reply = client.get(provider.answer(asked.replace(nonce, "another"), "ana"))
    assert (reply.status_code, User.objects.exists()) == (401, False)


def test_who_changes_their_mind_is_back_at_the_sign_in(client: Client, provider: Provider) -> None:
    state = parse_qs(urlsplit(client.get(BEGIN)["Location"]).query)["state"][0]
    reply = client.get(f"{BEGIN}callback/?error=access_denied&state={state}", follow=True)
    assert "You did not sign in there." in reply.content.decode()


@pytest.mark.parametrize("moment", ["begin", "finish"])
def test_a_provider_that_hangs_is_left(client: Client, provider: Provider, settings: Any, moment: str) -> None:
    url = BEGIN
    if moment == "finish":
        url = provider.answer(client.get(BEGIN)["Location"], "ana")
    settings.SIGN_IN_SECONDS = 0.3
    with hanging(provider.process):
        reply = client.get(url)
    assert (reply.status_code, "does not answer" in reply.content.decode()) == (503, True)


@pytest.mark.django_db(transaction=True)
def test_no_database_connection_is_held_while_the_provider_is_asked(
    client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither when the visit begins, nor for the code, the keys and the claims."""
    send, held = HTTPAdapter.send, {}

    def noting(adapter: HTTPAdapter, asked: Any, **facts: Any) -> Any:
        held[urlsplit(asked.url).path] = connection.connection is not None
        return send(adapter, asked, **facts)

    back = provider.answer(client.get(BEGIN)["Location"], "ana")
    monkeypatch.setattr(HTTPAdapter, "send", noting)
    assert client.get(BEGIN).status_code == client.get(back).status_code == 302
    assert "/o/token/" in held
    assert [path for path, is_held in held.items() if is_held] == []


def test_an_unknown_provider_and_another_method_find_nothing(client: Client, provider: Provider) -> None:
    assert client.get("/accounts/oidc/moon/login/").status_code == 404
    assert client.get("/accounts/oidc/moon/login/callback/").status_code == 404
    assert client.post(BEGIN).status_code == 405


# ---- linked by the person ----


def linked(client: Client, **fields: str) -> Any:
    return client.post("/account/elsewhere/link/", fields, follow=True)


def test_somebody_links_their_account_with_the_password_of_here(client: Client, visit: Any, student: User) -> None:
    client.force_login(student)
    assert f"{BEGIN}?process=connect" in client.get("/account/elsewhere/").content.decode()
    assert visit("ana", process="connect")["Location"] == "/account/elsewhere/"
    assert not OutsideAccount.objects.exists()  # a link that somebody else wrote does not link
    assert "This is not your current password" in linked(client, password="wrong").content.decode()
    page = linked(client, password="minga").content.decode()
    assert ("Linked." in page, "process=connect" in page) == (True, False)  # there is no second one there
    browser = Client()
    visit("ana", browser)
    assert "student" in browser.get("/account/").content.decode()
    assert User.objects.get().has_usable_password()
    assert AuditRow.objects.get(verb="link_account").who == student
    assert Notice.objects.get(recipient=student).arguments["what"] == "linked"


def test_whoever_says_no_links_nothing(client: Client, visit: Any, student: User) -> None:
    client.force_login(student)
    visit("ana", process="connect")
    assert "Link ana of" not in linked(client, no="1").content.decode()
    linked(client, password="minga")
    assert not OutsideAccount.objects.exists()


def test_an_account_of_somebody_else_is_not_linked(client: Client, visit: Any, student: User) -> None:
    visit("ana", Client())
    client.force_login(student)
    visit("ana", process="connect")
    assert "somebody&#x27;s already" in linked(client, password="minga").content.decode()


def test_a_link_is_taken_away_but_not_the_only_way_in(client: Client, visit: Any, student: User) -> None:
    OutsideAccount.objects.create(user=student, way="oidc", subject="7", name="s")
    client.force_login(student)
    there = f"/account/elsewhere/{OutsideAccount.objects.get().pk}/unlink/"
    assert client.post(there)["Location"].startswith("/accounts/confirm/")
    assert OutsideAccount.objects.exists()
    confirm(client)
    client.post(there)
    assert not OutsideAccount.objects.exists()
    assert Notice.objects.get(recipient=student).arguments["what"] == "unlinked"
    browser = Client()
    visit("ana", browser)
    reply = browser.post(f"/account/elsewhere/{OutsideAccount.objects.get().pk}/unlink/")
    assert (reply.status_code, OutsideAccount.objects.count()) == (409, 1)


def test_the_signed_out_link_nothing(client: Client, visit: Any) -> None:
    assert visit("ana", process="connect")["Location"] in HOMES  # a sign-in like any other
    assert "outside_to_link" not in client.session


# ---- what a link begins ----


def test_too_many_that_were_begun_wait_and_read_so(client: Client, provider: Provider, monkeypatch: Any) -> None:
    monkeypatch.setattr(limits, "BEGUN_ELSEWHERE", 2)
    assert [client.get(BEGIN).status_code for _ in range(3)] == [302, 302, 429]
    reply = client.get(BEGIN, {"next": "/keys/"}, headers={"Accept-Language": "es"})
    assert (reply.status_code, int(reply["Retry-After"]) > 0) == (429, True)
    assert "Desde aquí se empezó a entrar demasiadas veces" in reply.content.decode()
    assert f'href="{BEGIN}?next=%2Fkeys%2F"' in reply.content.decode()


def test_whoever_arrives_is_no_reason_to_wait(visit: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(limits, "BEGUN_ELSEWHERE", 2)
    monkeypatch.setattr(limits, "FOR_A_PERSON", 0)
    assert [visit("ana", Client()).status_code for _ in range(4)] == [302] * 4


def test_a_link_of_another_site_does_not_change_who_is_signed_in(
    client: Client, provider: Provider, student: User
) -> None:
    client.force_login(student)
    assert client.get(BEGIN, {"next": "/keys/"})["Location"] == "/keys/"
    assert client.get(BEGIN)["Location"] == "/"
    assert "student" in client.get("/account/").content.decode()
