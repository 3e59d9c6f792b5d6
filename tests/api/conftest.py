"""Programs that speak to the API."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.factories import make_machine


class Program:
    """A client with a person's token."""

    def __init__(self, user: User) -> None:
        from knox.models import AuthToken

        self.user, self.client = user, Client()
        self.headers = {"Authorization": f"Bearer {AuthToken.objects.create(user=user)[1]}"}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """`body` as JSON; a str as it stands."""
        sent = body if isinstance(body, str | bytes) else "" if body is None else json.dumps(body)
        return self.client.generic(
            method, f"/api/v1/{path}", sent, content_type="application/json", headers={**self.headers, **headers}
        )


@pytest.fixture
def api(student: User) -> Program:
    return Program(student)


@pytest.fixture
def stranger(student2: User) -> Program:
    return Program(student2)


@pytest.fixture
def machine(student: User) -> Any:
    return make_machine(student)
