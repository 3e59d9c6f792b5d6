"""Sign-ins of other people, by the API: for administrators, and for nobody else."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts import tokens
from accounts.models import AuditRow, BrowserSession, Notice, User
from tests.api.program import Program
from tests.pages.second_steps import is_in, with_app, with_password

LINK, STEP, SESSIONS = (f"people/student/{part}/" for part in ("link", "second-step", "sessions"))


@pytest.fixture
def office(admin: User) -> Program:
    return Program(admin)


@pytest.fixture
def browser(student: User) -> Client:
    """A browser in which the student is signed in."""
    client = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/145.0"})
    with_password(client)
    assert is_in(client)
    return client


def test_a_link_for_a_new_password_is_mailed(office: Any, student: User) -> None:
    replies = [office.ask("POST", LINK, **{"Idempotency-Key": "k"}) for _twice in range(2)]
    assert [reply.status_code for reply in replies] == [204, 204]
    assert [row.verb for row in AuditRow.objects.filter(whom=student)] == ["send_link"]
    assert Notice.objects.get(recipient=student).kind.startswith("people.")


def test_a_link_to_nobody_and_by_nobody_is_refused(office: Any, student: User, teacher: User) -> None:
    assert Program(teacher).ask("POST", LINK).status_code == 403
    User.objects.filter(pk=student.pk).update(is_active=False)
    reply = office.ask("POST", LINK)
    assert (reply.status_code, reply.json()["code"]) == (409, "blocked")
    assert not Notice.objects.exists()


def test_a_second_step_is_shown_and_ended(office: Any, student: User) -> None:
    with_app(student)
    Authenticator.objects.create(user=student, type=Authenticator.Type.WEBAUTHN, data={"name": "phone"})
    assert office.ask("GET", STEP).json() == {"on": True, "app": True, "passkeys": 1, "owed": False}
    for _twice in range(2):
        assert office.ask("DELETE", STEP).status_code == 204
    assert office.ask("GET", STEP).json() == {"on": False, "app": False, "passkeys": 0, "owed": False}
    assert [row.verb for row in AuditRow.objects.filter(whom=student)] == ["end_second_step"]
    assert Notice.objects.filter(recipient=student, kind="account.changed").count() == 1


def test_whoever_owes_one_is_known(office: Any, student: User, settings: Any) -> None:
    settings.MFA_REQUIRED_FOR = ["student"]
    assert office.ask("GET", STEP).json()["owed"] is True


def test_sessions_are_listed_a_page_at_a_time_and_ended_one_by_one(office: Any, browser: Client) -> None:
    with_password(other := Client())
    assert is_in(other)
    rows = office.ask("GET", SESSIONS).json()
    assert {row["browser"] for row in rows} == {"Firefox on Linux", "Unknown browser"}
    assert {row["address"] for row in rows} == {"127.0.0.1"}
    assert "Link" in office.ask("GET", f"{SESSIONS}?limit=1").headers
    [wanted] = [row["id"] for row in rows if row["browser"] == "Firefox on Linux"]
    assert office.ask("DELETE", f"{SESSIONS}{wanted}/").status_code == 204
    assert office.ask("DELETE", f"{SESSIONS}{wanted}/").status_code == 404
    assert (is_in(browser), is_in(other)) == (False, True)
    assert [row.verb for row in AuditRow.objects.all()] == ["end_session"]


@pytest.mark.parametrize(("query", "left"), [("", 1), ("?tokens=true", 0)])
def test_all_are_ended_at_once(office: Any, browser: Client, student: User, query: str, left: int) -> None:
    tokens.make(user=student, name="program")
    assert office.ask("DELETE", f"{SESSIONS}{query}").status_code == 204
    assert (is_in(browser), tokens.of(student).count()) == (False, left)
    assert office.ask("GET", SESSIONS).json() == []
    assert AuditRow.objects.get().detail == {"tokens": left == 0}


def test_an_unclear_wish_ends_nothing(office: Any, browser: Client) -> None:
    assert office.ask("DELETE", f"{SESSIONS}?tokens=perhaps").status_code == 400
    assert is_in(browser)


def test_the_session_of_somebody_else_is_not_this_person_s(office: Any, browser: Client, teacher: User) -> None:
    row = BrowserSession.objects.get()
    assert office.ask("DELETE", f"people/teacher/sessions/{row.pk}/").status_code == 404
    assert is_in(browser)


def test_nobody_else_comes_in(teacher: User, browser: Client, student: User) -> None:
    for api in (Program(teacher), Program(student)):
        for address in (STEP, SESSIONS, "people/nobody/sessions/"):
            assert api.ask("GET", address).status_code == 403
            assert api.ask("DELETE", address).status_code == 403
        assert api.ask("DELETE", f"{SESSIONS}{BrowserSession.objects.get().pk}/").status_code == 403
    assert is_in(browser)
