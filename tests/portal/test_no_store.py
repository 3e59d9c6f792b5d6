"""Answers that were made for somebody are kept nowhere."""

import pytest
from django.test import Client

from accounts.models import User


@pytest.mark.parametrize(
    "path", ["/", "/keys/", "/account/", "/launch/", "/api/v1/me/", "/api/v1/machines/", "/nothing/"]
)
def test_an_answer_to_somebody_signed_in_is_not_kept(client: Client, student: User, path: str) -> None:
    client.force_login(student)
    assert {"no-store", "private"} <= set(client.get(path)["Cache-Control"].split(", "))


def test_an_answer_to_a_token_is_not_kept(client: Client, student: User) -> None:
    body = {"username": "student", "password": "minga"}
    token = client.post("/api/v1/auth/token/", body, content_type="application/json")
    assert "no-store" in token["Cache-Control"]
    assert (
        "no-store"
        in client.get("/api/v1/keys/", headers={"Authorization": f"Bearer {token.json()['token']}"})["Cache-Control"]
    )


def test_a_style_sheet_is_kept(client: Client, db: None) -> None:
    style = client.get("/static/css/minga.css")
    assert "no-store" not in style["Cache-Control"]
    style.close()
