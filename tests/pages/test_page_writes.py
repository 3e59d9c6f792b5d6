"""A script with somebody's cookies is slowed down; pages go on answering, and so do others."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from lib import seldom
from lib.minute_counts import MinuteCounts
from portal.middleware import page_writes

THEME = "/account/theme/"


@pytest.fixture(autouse=True)
def minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_writes, "MOST", 2)
    monkeypatch.setattr(page_writes, "WRITES", MinuteCounts())
    now = timezone.now().replace(second=10)
    monkeypatch.setattr(timezone, "now", lambda: now)


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


@pytest.mark.parametrize(("language", "words"), [("en", "Wait 50 seconds"), ("es", "Espera 50 segundos")])
def test_beyond_the_limit_a_page_says_when_to_go_on(signed_in: Client, language: str, words: str) -> None:
    answers = [signed_in.post(THEME, headers={"Accept-Language": language}) for _press in range(3)]
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    assert (answers[-1]["Retry-After"], words in answers[-1].content.decode()) == ("50", True)


def test_who_reads_and_others_do_not_wait(signed_in: Client, student2: User) -> None:
    for _press in range(3):
        signed_in.post(THEME)
    other = Client()
    other.force_login(student2)
    assert [signed_in.get("/keys/").status_code, other.post(THEME).status_code] == [200, 302]


def test_the_api_with_a_browsers_cookies_too(signed_in: Client) -> None:
    answers: list[Any] = [signed_in.post("/api/v1/keys/", "{}", content_type="application/json") for _press in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert (answers[-1].json()["code"], answers[-1]["Content-Type"]) == ("throttled", "application/problem+json")


def test_the_log_says_it_once(signed_in: Client, caplog: pytest.LogCaptureFixture) -> None:
    seldom.OWN.clear()
    for _press in range(4):
        signed_in.post(THEME, headers={"Accept-Language": "es"})
    logged = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert logged == ["turned away with 429: Too much at once. Wait 50 seconds, then go on."]
