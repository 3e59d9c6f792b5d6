"""Python normalizes a text with the square of its length, while all other threads wait: nobody's megabyte comes to it."""

import unicodedata
from typing import Any

import pytest
from django.test import Client

from accounts import emails
from accounts.models import User
from lib.names import MOST_READ
from tests.factories import make_machine, make_template

LONG = "x" * 100_000


@pytest.fixture
def lengths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of the texts that were normalized."""
    found, normalize = [0], unicodedata.normalize

    def measured(form: Any, text: str) -> str:
        found.append(len(text))
        return normalize(form, text)

    monkeypatch.setattr(unicodedata, "normalize", measured)
    monkeypatch.setattr(emails, "normalize", measured)
    return found


@pytest.mark.parametrize("name", [LONG, f"{LONG}@example.org"])
def test_at_the_door(client: Client, db: None, name: str, lengths: list[int]) -> None:
    assert client.post("/accounts/login/", {"login": name, "password": "x"}).status_code == 200
    assert 0 < max(lengths) <= MOST_READ


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("/launch/", "name"),
        ("/machines/{pk}/rename/", "name"),
        ("/machines/{pk}/moments/", "name"),
        ("/account/address/", "email"),
        ("/account/tokens/", "name"),
        ("/keys/make/", "name"),
    ],
)
def test_inside(client: Client, student: User, url: str, field: str, lengths: list[int], settings: Any) -> None:
    settings.ADDRESS_CHANGES = True
    make_template()
    machine = make_machine(student)
    client.force_login(student)
    reply = client.post(url.format(pk=machine.pk), {"template": "lab", field: LONG})
    assert (reply.status_code < 500, max(lengths) <= MOST_READ) == (True, True)
