"""Requests that change a person while a password is hashed, which takes long in a crowd: nothing of that is undone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from knox.models import AuthToken

from accounts import new_passwords, password_links, person_actions, second_steps, tokens
from accounts.models import OutsideAccount, User
from accounts.outside import linking
from accounts.outside.arrivals import Arrival
from accounts.proofs import ChangedMeanwhile
from tests.pages.second_steps import STEP, code, is_in, with_app, with_password

NEW = {"password1": "quite another 9", "password2": "quite another 9"}
CHANGE = "/accounts/password/change/"
Meanwhile = Callable[[Callable[[], Any]], None]


@pytest.fixture
def while_hashing(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Have something done once while the next new password is hashed."""

    def arrange(act: Callable[[], Any]) -> None:
        set_password, acts = User.set_password, [act]

        def hashed(person: User, password: str | None) -> None:
            if acts:
                acts.pop()()
            set_password(person, password)

        monkeypatch.setattr(User, "set_password", hashed)

    return arrange


def test_who_is_blocked_stays_blocked(client: Client, student: User, while_hashing: Meanwhile) -> None:
    client.force_login(student)
    while_hashing(lambda: person_actions.block(person=User.objects.get(pk=student.pk), by=None))
    reply = client.post(CHANGE, {"oldpassword": "minga", **NEW})
    after = User.objects.get(pk=student.pk)
    assert (reply.status_code, after.is_active, after.check_password("minga")) == (403, False, True)
    assert "changed meanwhile" in reply.content.decode()


def test_a_role_that_is_taken_away_stays_away(client: Client, teacher: User, while_hashing: Meanwhile) -> None:
    client.force_login(teacher)
    while_hashing(lambda: person_actions.change_roles(person=teacher, roles=["student"], by=None))
    assert client.post(CHANGE, {"oldpassword": "minga", **NEW}).status_code == 302
    after = User.objects.get(pk=teacher.pk)
    assert (after.roles, after.check_password(NEW["password1"])) == (["student"], True)


def test_of_two_who_use_a_link_at_once_one_does(client: Client, student: User, while_hashing: Meanwhile) -> None:
    form = client.get(password_links.address(student), follow=True).redirect_chain[-1][0]
    first = {"person": User.objects.get(pk=student.pk), "password": "the first one 9", "end_tokens": True}
    while_hashing(lambda: new_passwords.change(**first))
    assert client.post(form, NEW).status_code == 403
    assert User.objects.get(pk=student.pk).check_password("the first one 9")


def test_an_account_that_makes_way_meanwhile_does_not_come_back(
    client: Client, student: User, while_hashing: Meanwhile
) -> None:
    form = client.get(password_links.address(student), follow=True).redirect_chain[-1][0]
    while_hashing(User.objects.filter(pk=student.pk).delete)
    assert client.post(form, NEW).status_code == 403
    assert not User.objects.exists()


def test_an_old_password_makes_no_token_once_it_is_changed(student: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_on(_person: User) -> bool:  # asked when the password has been checked
        new_passwords.change(person=User.objects.get(pk=student.pk), password="quite another 9", end_tokens=True)
        return False

    monkeypatch.setattr(second_steps, "is_on", is_on)
    sent = {"username": "student", "password": "minga"}
    reply = Client().post("/api/v1/auth/token/", sent, content_type="application/json")
    assert (reply.status_code, reply.json()["code"], AuthToken.objects.count()) == (409, "changed_meanwhile", 0)


def test_an_old_password_links_no_account_once_it_is_changed(student: User) -> None:
    before = User.objects.get(pk=student.pk)
    new_passwords.change(person=student, password="quite another 9", end_tokens=True)
    with pytest.raises(ChangedMeanwhile):
        linking.link_own(person=before, arrival=Arrival("oidc", "1", "mallory"))
    assert not OutsideAccount.objects.exists()


def test_between_the_steps_of_a_sign_in_too(client: Client, student: User) -> None:
    secret = with_app(student)
    with_password(client)
    new_passwords.change(person=student, password="quite another 9", end_tokens=True)
    reply = client.post(STEP, {"code": code(secret)}, follow=True)
    assert ("changed meanwhile" in reply.content.decode(), is_in(client)) == (True, False)


def test_what_ends_with_a_password_ends_with_it_or_both_stay(student: User, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens.make(user=student)
    monkeypatch.setattr(tokens, "end_all", lambda _person: 1 / 0)  # where a process is killed
    with pytest.raises(ZeroDivisionError):
        new_passwords.change(person=student, password="quite another 9", end_tokens=True)
    assert User.objects.get(pk=student.pk).check_password("minga")


def test_a_command_that_waits_for_what_is_typed_undoes_nothing(student: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def typed(**_options: Any) -> str:
        person_actions.block(person=User.objects.get(pk=student.pk), by=None)
        return "quite another 9"

    monkeypatch.setattr("getpass.getpass", typed)
    with pytest.raises(CommandError, match="changed meanwhile"):
        call_command("changepassword", "student")
    assert not User.objects.get(pk=student.pk).is_active
