"""Requests that Django cannot take: told in our own words, in the person's language, and no ERROR in the log."""

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from lib import logs, seldom

if TYPE_CHECKING:
    from tests.portal.conftest import Lines

STRANGE = {"host": "evil.example.org"}
SPANISH = {"accept-language": "es"}
TOO_MANY = {f"field{number}": "1" for number in range(1_100)}


@pytest.fixture(autouse=True)
def _as_configured() -> Any:
    """Levels as production has them; the tests' own configuration is pytest's."""
    seldom.OWN.clear()
    loggers = {logging.getLogger(f"django.security.{name}"): name for name in logs.STRANGE}
    before = {logger: logger.level for logger in loggers}
    for logger, name in loggers.items():
        logger.setLevel(settings.LOGGING["loggers"][f"django.security.{name}"]["level"])
    yield
    for logger, level in before.items():
        logger.setLevel(level)


def test_a_wrong_host_reads_where_the_portal_is(client: Client, settings: Any) -> None:
    settings.PORTAL_URL = "https://labs.example.org"
    reply = client.get("/", headers=STRANGE)
    assert reply.status_code == 400
    assert 'href="https://labs.example.org"' in reply.content.decode()


def test_it_is_in_the_persons_language(client: Client) -> None:
    assert "Dirección equivocada" in client.get("/", headers={**STRANGE, **SPANISH}).content.decode()


@pytest.mark.parametrize("path", ["/api/v1/me/", "/agent/v1/wishes/"])
def test_a_program_with_a_wrong_host_reads_a_problem(client: Client, path: str) -> None:
    reply = client.get(path, headers={**STRANGE, **SPANISH})
    assert (reply.status_code, reply["Content-Type"]) == (400, "application/problem+json")
    assert (reply.json()["code"], "nombre que usaste" in reply.json()["detail"]) == ("unknown_host", True)


def test_a_wrong_host_over_http_reads_it_too(client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert b"Wrong address" in client.get("/", headers=STRANGE).content


def test_a_form_with_too_many_fields_says_how_many_it_may_have(client: Client, student: User) -> None:
    client.force_login(student)
    reply = client.post("/launch/", TOO_MANY)
    assert (reply.status_code, "at most 1000 fields" in reply.content.decode()) == (400, True)


def test_a_body_that_is_no_form_is_told_so(client: Client) -> None:
    reply = client.post("/accounts/login/", b"--x", content_type="multipart/form-data; boundary=" + "x" * 300)
    assert (reply.status_code, b"This could not be read" in reply.content) == (400, True)


@pytest.mark.django_db
@pytest.mark.parametrize("charset", ["hex", "rot13", "utf-16"])
def test_a_form_in_another_charset_is_told_so(client: Client, charset: str) -> None:
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    body = b'--x\r\nContent-Disposition: form-data; name="login"\r\n\r\na\r\n--x--\r\n'
    client.raise_request_exception = False
    reply = client.generic("POST", "/accounts/login/", body, content_type=kind)
    assert (reply.status_code, b"This could not be read" in reply.content) == (400, True)


@pytest.mark.django_db
def test_a_cookie_that_the_database_cannot_take_is_no_session(client: Client) -> None:
    client.cookies[settings.SESSION_COOKIE_NAME] = "abcdefgh\0"
    assert client.get("/", follow=True).status_code == 200


def test_the_log_has_one_warning_and_no_error(client: Client, lines: "Lines") -> None:
    for number in range(3):
        client.get("/", headers={"host": f"evil{number}.example.org"})
    written = [line for line in map(json.loads, lines.texts) if line["logger"] != "portal.requests"]
    assert [(line["level"], line["host"]) for line in written] == [("warning", "evil0.example.org")]
