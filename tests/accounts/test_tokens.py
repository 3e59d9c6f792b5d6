"""Tokens end: by themselves, and with the password."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from accounts import tokens
from accounts.models import TokenFacts, User
from lib.notes import Refusal
from tests.database_clients import count_of_waiting
from tests.waiting import PATIENCE, until

NEW = {"password1": "quite another 9", "password2": "quite another 9"}


def me(token: str) -> int:
    return Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {token}"}).status_code


def change(client: Client, student: User, **more: str) -> Any:
    client.force_login(student)
    return client.post("/accounts/password/change/", {"oldpassword": "minga", **NEW, **more})


def test_a_new_password_ends_all_tokens(client: Client, student: User) -> None:
    token = tokens.make(user=student, name="backup")
    assert change(client, student, end_tokens="on").status_code == 302
    assert me(token) == 401


def test_unless_the_person_unticks_it(client: Client, student: User) -> None:
    token = tokens.make(user=student, name="backup")
    change(client, student)
    assert me(token) == 200


def test_it_is_ticked_at_first(client: Client, student: User) -> None:
    client.force_login(student)
    assert '<input type="checkbox" name="end_tokens"' in (
        page := client.get("/accounts/password/change/").content.decode()
    )
    assert "checked" in page.partition('name="end_tokens"')[2].partition(">")[0]


def test_another_persons_tokens_stay(client: Client, student: User, student2: User) -> None:
    token = tokens.make(user=student2, name="theirs")
    change(client, student, end_tokens="on")
    assert me(token) == 200


def test_a_password_set_by_an_administrator_ends_them_too(student: User, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.make(user=student, name="backup")
    monkeypatch.setattr("getpass.getpass", lambda **_: "quite another 9")
    call_command("changepassword", "student")
    assert me(token) == 401


def test_a_token_ends_after_ninety_days_without_use(student: User) -> None:
    token = tokens.make(user=student)
    AuthToken.objects.update(expiry=F("expiry") - timedelta(days=90, seconds=1))
    assert me(token) == 401


def test_its_use_renews_it_and_is_noted(student: User) -> None:
    token = tokens.make(user=student)
    AuthToken.objects.update(expiry=timezone.now() + timedelta(days=1))
    assert me(token) == 200
    assert AuthToken.objects.get().expiry > timezone.now() + timedelta(days=89)
    assert TokenFacts.objects.get().used_at > timezone.now() - timedelta(minutes=1)


def test_a_token_from_before_has_an_end_once_it_is_used(student: User) -> None:
    _row, token = AuthToken.objects.create(user=student, expiry=None)
    assert me(token) == 200
    assert AuthToken.objects.get().expiry
    assert TokenFacts.objects.get().used_at


@pytest.mark.django_db(transaction=True)
def test_a_token_that_is_revoked_while_its_use_is_noted_breaks_nothing() -> None:
    """The revoker holds the row of its facts at the moment of the note, and then deletes both."""
    tokens.make(user=User.objects.create(username="ana"))
    token = AuthToken.objects.get()
    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            TokenFacts.objects.select_for_update().get()
            noted = pool.submit(in_own_connection, lambda: tokens.note_use(token, timezone.now()))
            until(count_of_waiting, "the use waits for its row")
            token.delete()
        noted.result(timeout=PATIENCE)
    assert not TokenFacts.objects.exists()


def in_own_connection(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        connection.close()


def test_there_is_an_end_to_how_many(student: User) -> None:
    for n in range(tokens.MOST_TOKENS):
        tokens.make(user=student, name=f"t{n}")
    with pytest.raises(Refusal, match="tokens already"):
        tokens.make(user=student, name="one more")
    with pytest.raises(Refusal, match="tokens already"):
        tokens.make(user=student)


def test_a_program_that_signs_in_each_time_is_never_refused(student: User) -> None:
    kept = tokens.make(user=student, name="kept")
    texts = [tokens.make(user=student) for _ in range(tokens.MOST_TOKENS + 5)]
    assert (me(kept), me(texts[-1]), me(texts[0])) == (200, 200, 401)
    assert AuthToken.objects.count() == tokens.MOST_TOKENS


def test_a_name_is_shown_with_its_last_use(client: Client, student: User) -> None:
    client.force_login(student)
    client.post("/account/tokens/", {"name": "backup at home"})
    page = client.get("/account/").content.decode()
    assert "backup at home" in page
    assert "not used yet" in page


def test_a_strange_name_is_refused_with_a_sentence(client: Client, student: User) -> None:
    client.force_login(student)
    reply = client.post("/account/tokens/", {"name": "a\nb"})
    assert reply.status_code == 400
    assert "one line" in reply.content.decode()


def test_what_has_ended_is_deleted(student: User) -> None:
    tokens.make(user=student)
    assert tokens.forget(timezone.now() + timedelta(days=91)) == 1
