"""HTTPS=on tells browsers to come by https only."""

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
        ({"HTTPS": "on"}, YEAR), ({"HTTPS": "off"}, 0), ({}, 0), ({"HTTPS": "on", "SECURE_HSTS_SECONDS": "3600"}, 3600),
        ({"HTTPS": "on", "SECURE_HSTS_SECONDS": "0"}, 0),
    ],
)  # fmt: skip
def test_browsers_are_told_to_come_by_https_only(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], seconds: int
) -> None:
    assert settings(monkeypatch, **variables)["SECURE_HSTS_SECONDS"] == seconds


@pytest.mark.parametrize("value", ["a year", "-1", "1.5"])
def test_a_time_that_is_none_stops_the_start_with_a_sentence(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="whole number of seconds"):
        settings(monkeypatch, SECURE_HSTS_SECONDS=value)
