"""People of a cloud who sign in here."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.outside import keystone
from accounts.outside.role_table import read
from tests.cloud.fake_people import FakePeople


@pytest.fixture
def cloud_people(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[FakePeople]:
    """The cloud's people, whom this portal lets in: ana, with the password "cloud"."""
    people = FakePeople()
    people.add("ana", "cloud", email="ana@uni.example", full_name="Ana Paredes", roles=frozenset({"member"}))
    settings.CLOUD_SIGN_IN_URL = "http://127.0.0.1:1/v3"
    settings.SIGN_IN_ROLES = read("keystone:admin=admin,keystone:lecturer=teacher")
    monkeypatch.setattr(keystone, "open_people", lambda: people)
    yield people
    if people.hangs:
        people.hangs.set()
