"""The pages have one address. By another name of this computer a visitor is led there, and no cookie is taken or given."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User


@pytest.fixture(autouse=True)
def _trial(settings: Any) -> None:
    settings.ALLOWED_HOSTS, settings.PORTAL_URL = ["127.0.0.1", "localhost", "[::1]"], "http://localhost:8000"


def beside(client: Client, method: str, path: str, host: str = "127.0.0.1:8000", **more: Any) -> Any:
    return client.generic(method, path, headers={"host": host, **more.pop("headers", {})}, **more)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000"])
def test_a_page_leads_to_the_portals_name(client: Client, host: str) -> None:
    answer = beside(client, "GET", "/keys/?a=b", host)
    assert (answer.status_code, answer["Location"]) == (302, "http://localhost:8000/keys/?a=b")


def test_the_port_that_a_visitor_came_to_is_kept(client: Client) -> None:
    """The visitor has forwarded another port of their computer."""
    assert beside(client, "GET", "/", "127.0.0.1:9000")["Location"] == "http://localhost:9000/"


def test_where_the_portal_has_a_name_it_leads_there(client: Client, settings: Any) -> None:
    settings.PORTAL_URL = "https://labs.example.org"
    assert beside(client, "GET", "/keys/")["Location"] == "https://labs.example.org/keys/"


def test_a_form_is_not_passed_on(client: Client) -> None:
    answer = beside(client, "POST", "/accounts/login/", data="login=student&password=minga")
    assert (answer.status_code, answer.has_header("Location")) == (421, False)
    assert "http://localhost:8000" in answer.content.decode()


def test_a_program_with_a_token_is_answered_without_cookies(client: Client, student: User) -> None:
    body = '{"username": "student", "password": "minga"}'
    token = beside(client, "POST", "/api/v1/auth/token/", data=body, content_type="application/json").json()["token"]
    answer = beside(client, "GET", "/api/v1/me/", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["username"]) == (200, "student")
    assert not answer.cookies


def test_a_session_counts_for_nothing_there(client: Client, student: User) -> None:
    """A machine's page on 127.0.0.1 could have written that cookie."""
    client.force_login(student)
    assert beside(client, "GET", "/api/v1/me/").status_code == 401
    assert beside(client, "GET", "/api/v1/me/", "localhost:8000").status_code == 200


def test_a_portal_that_is_at_a_number_stays_there(client: Client, settings: Any) -> None:
    settings.PORTAL_URL = "http://127.0.0.1:8000"
    assert beside(client, "GET", "/accounts/login/").status_code == 200


@pytest.fixture
def _https(settings: Any) -> None:
    settings.ALLOWED_HOSTS, settings.PORTAL_URL = ["labs.example.org", "127.0.0.1"], "https://labs.example.org"
    settings.SECURE_SSL_REDIRECT, settings.SECURE_PROXY_SSL_HEADER = True, ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.usefixtures("_https")
def test_a_page_over_http_leads_to_https(client: Client) -> None:
    answer = beside(client, "GET", "/keys/", "labs.example.org")
    assert (answer.status_code, answer["Location"]) == (301, "https://labs.example.org/keys/")


@pytest.mark.usefixtures("_https")
def test_a_program_over_http_is_told_so(client: Client) -> None:
    """Led on, it would send its token in clear again, and a POST would become a GET."""
    answer = beside(client, "POST", "/api/v1/machines/", "labs.example.org")
    assert (answer.status_code, answer.json()["code"]) == (403, "https_required")


@pytest.mark.usefixtures("_https")
def test_the_agent_and_programs_of_this_computer_need_no_https(client: Client, db: None) -> None:
    assert [beside(client, "GET", path).status_code for path in ("/api/v1/me/", "/agent/v1/wishes/")] == [401, 404]
