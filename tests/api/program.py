"""A program that speaks to the API with a person's token."""

import json
from typing import Any

from django.test import Client
from knox.models import AuthToken

from accounts.models import User


class Program:
    def __init__(self, user: User) -> None:
        self.user, self.client = user, Client()
        self.headers = {"Authorization": f"Bearer {AuthToken.objects.create(user=user)[1]}"}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """`body` as JSON; text and bytes as they stand."""
        sent = body if isinstance(body, str | bytes) else "" if body is None else json.dumps(body)
        return self.client.generic(
            method, f"/api/v1/{path}", sent, content_type="application/json", headers={**self.headers, **headers}
        )
