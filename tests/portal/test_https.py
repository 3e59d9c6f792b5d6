"""HTTPS=on: its meaning for browsers; and which SECRET_KEY is taken."""

import runpy
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import settings as module

YEAR = 365 * 24 * 3600


def settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, Any]:
    """The settings as a process reads them that is started with these variables."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(module.__file__))


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({"HTTPS": "on"}, YEAR),
        ({"HTTPS": "off"}, 0),
        ({}, 0),
        ({"HTTPS": "on", "SECURE_HSTS_SECONDS": "3600"}, 3600),
        ({"HTTPS": "on", "SECURE_HSTS_SECONDS": "0"}, 0),
    ],
)
def test_browsers_are_told_to_come_by_https_only(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], seconds: int
) -> None:
    assert settings(monkeypatch, **variables)["SECURE_HSTS_SECONDS"] == seconds


@pytest.mark.parametrize("value", ["a year", "-1", "1.5"])
def test_a_time_that_is_none_stops_the_start_with_a_sentence(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^SECURE_HSTS_SECONDS must be a whole number of seconds"):
        settings(monkeypatch, SECURE_HSTS_SECONDS=value)


COOKIES = ("SESSION", "CSRF", "LANGUAGE", "THEME", "MESSAGES")


def test_with_https_every_cookie_is_of_this_host_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser takes one with such a name only over https, without a domain, for all paths."""
    found = settings(monkeypatch, HTTPS="on")
    assert all(found[f"{cookie}_COOKIE_NAME"].startswith("__Host-") for cookie in COOKIES)
    assert all(found[f"{cookie}_COOKIE_SECURE"] for cookie in COOKIES if cookie != "MESSAGES")
    assert not [name for name in found if name.endswith("_COOKIE_DOMAIN")]


def test_without_https_no_cookie_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch, HTTPS="off")
    assert not any(found[f"{cookie}_COOKIE_NAME"].startswith("__Host-") for cookie in COOKIES)


@pytest.mark.parametrize(("https", "redirects"), [("on", True), ("off", False)])
def test_https_leads_pages_to_https(monkeypatch: pytest.MonkeyPatch, https: str, redirects: bool) -> None:
    assert settings(monkeypatch, HTTPS=https)["SECURE_SSL_REDIRECT"] is redirects


@pytest.mark.parametrize("key", ["change-me", "x" * 31, "change-me" * 4, ""])
def test_a_key_that_can_be_guessed_stops_the_start_with_a_sentence(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY (is not set|must be a random text of 32 characters)"):
        settings(monkeypatch, SECRET_KEY=key)


def test_a_key_of_32_characters_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(monkeypatch, SECRET_KEY="0123456789abcdef" * 2)["SECRET_KEY"]
