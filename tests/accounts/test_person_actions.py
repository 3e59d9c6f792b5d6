"""Acts of administrators on accounts: each act, what it ends, and that the last administrator stays."""

import re
import threading
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import person_actions, tokens
from accounts.models import AuditRow, Notice, User
from accounts.notices.mail import send_due
from accounts.person_names import BadPerson
from lib.notes import Refusal


def create(**facts: Any) -> User:
    usual = {"username": "mjchimbo", "name": "María José Chimbo", "email": "mj@example.org", "roles": ["student"]}
    return person_actions.create(**{**usual, "by": None, **facts})


def link(person: User) -> str:
    """Return the address in the mail that goes out now."""
    send_due(timezone.now())
    body = str(mail.outbox[-1].body)
    assert mail.outbox[-1].to == [person.email]
    return re.search(r"\S+(/accounts/password/reset/key/\S+)", body)[1]  # type: ignore[index]


def choose(client: Client, address: str) -> Any:
    form = client.get(address, follow=True)
    if not form.redirect_chain:
        return form
    return client.post(form.redirect_chain[-1][0], {"password1": "pachamama-17", "password2": "pachamama-17"})


# ---- create and invite ----


def test_a_new_person_has_a_name_roles_and_no_password(db: None) -> None:
    person = create(roles=["teacher", "student"])
    assert (person.get_full_name(), person.first_name) == ("María José Chimbo", "María")
    assert (person.roles, person.has_usable_password()) == (["student", "teacher"], False)
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"username": "student"}, "username"), ({"username": "STUDENT"}, "username"), ({"username": "a b"}, "username"),
        ({"username": "", "email": ""}, "username"), ({"username": "import"}, "username"), ({"username": "Manage.py"}, "username"),
        ({"username": ".."}, "username"), ({"username": "x" * 151}, "username"), ({"email": "Student@Example.org"}, "email"),
        ({"email": "nobody@nowhere"}, "email"), ({"name": "a\nb"}, "name"), ({"name": "x" * 201}, "name"),
        ({"roles": []}, "roles"), ({"roles": ["king"]}, "roles"), ({"email": "", "invite": True}, "email"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field(student: User, facts: dict[str, Any], field: str) -> None:
    with pytest.raises(BadPerson) as refused:
        create(**facts)
    assert (refused.value.field, User.objects.count()) == (field, 1)


def test_a_name_may_come_with_its_family_first(db: None) -> None:
    assert create(name="Ñacato, D’Angelo").get_full_name() == "D’Angelo Ñacato"


def test_whoever_is_invited_chooses_a_password_by_the_link_once(db: None, client: Client) -> None:
    person = create(invite=True)
    address = link(person)
    assert "end_tokens" not in Client().get(address, follow=True).content.decode()  # there are no programs yet
    choose(client, address)
    person.refresh_from_db()
    assert person.check_password("pachamama-17")
    assert "no longer works" in Client().get(address, follow=True).content.decode()


def test_an_invitation_lasts_for_a_week_and_another_link_for_three_days(
    db: None, student: User, monkeypatch: Any
) -> None:
    from datetime import datetime, timedelta

    from accounts.password_links import PasswordLinks

    links, new = PasswordLinks(), create()
    invited, forgotten = links.make_token(new), links.make_token(student)
    for days, holds in ((2, (True, True)), (5, (True, False)), (8, (False, False))):
        monkeypatch.setattr(PasswordLinks, "_now", lambda self, days=days: datetime.now() + timedelta(days=days))
        assert (links.check_token(new, invited), links.check_token(student, forgotten)) == holds


def test_a_second_link_takes_the_place_of_one_that_waits(student: User, admin: User) -> None:
    person_actions.send_link(person=student, by=admin)
    person_actions.send_link(person=student, by=admin)
    assert list(Notice.objects.order_by("pk").values_list("state", flat=True)) == ["cancelled", "due"]


def test_no_link_goes_where_no_mail_arrives(student: User, admin: User) -> None:
    EmailAddress.objects.all().delete()
    with pytest.raises(person_actions.NoAddress):
        person_actions.send_link(person=student, by=admin)


# ---- roles ----


def test_roles_are_changed_and_recorded(student: User, admin: User) -> None:
    person_actions.change_roles(person=student, roles=["teacher", "student"], by=admin)
    student.refresh_from_db()
    row = AuditRow.objects.get()
    assert student.roles == ["student", "teacher"]
    assert (row.verb, row.who_id, row.whom_id, row.name) == ("change_roles", admin.pk, student.pk, "")


@pytest.mark.parametrize("act", ["block", "remove", "change_roles"])
def test_the_last_administrator_stays(admin: User, act: str) -> None:
    """Neither a blocked one nor one who was invited and never came takes the place."""
    User.objects.create(username="gone", roles=["admin"], is_active=False)
    User.objects.create_user("invited", password=None, roles=["admin"])
    acts: dict[str, Any] = {"block": {}, "remove": {}, "change_roles": {"roles": ["teacher"]}}
    with pytest.raises(person_actions.LastAdministrator):
        getattr(person_actions, act)(person=admin, by=admin, **acts[act])
    admin.refresh_from_db()
    assert (admin.is_active, admin.roles) == (True, ["admin"])


@pytest.mark.django_db(transaction=True)
def test_of_two_who_demote_each_other_at_once_one_stays(admin: User) -> None:
    other = User.objects.create(username="other", roles=["admin"])
    start, told = threading.Barrier(2), []

    def demote(person: User, by: User) -> None:
        start.wait()
        try:
            person_actions.change_roles(person=person, roles=["student"], by=by)
        except Refusal as refusal:
            told.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=pair) for pair in ((admin, other), (other, admin))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (told, User.objects.filter(roles=["admin"]).count()) == (["last_administrator"], 1)


def test_a_superuser_who_is_demoted_administers_no_more(admin: User, student: User) -> None:
    User.objects.filter(pk=student.pk).update(is_superuser=True)
    student.refresh_from_db()
    person_actions.change_roles(person=student, roles=["student"], by=admin)
    assert not User.objects.get(pk=student.pk).is_superuser


# ---- block and unblock ----


def test_a_block_ends_sessions_and_tokens_for_good(client: Client, student: User, admin: User) -> None:
    client.force_login(student)
    token = tokens.make(user=student)
    person_actions.block(person=student, by=admin)
    assert client.get("/account/").status_code == 302
    assert tokens.find(token, timezone.now()) is None
    person_actions.unblock(person=student, by=admin)
    assert client.get("/account/").status_code == 302  # the old session does not come back


def test_a_link_of_before_a_block_works_no_more(client: Client, student: User, admin: User) -> None:
    person_actions.send_link(person=student, by=admin)
    address = link(student)
    person_actions.block(person=student, by=admin)
    person_actions.unblock(person=student, by=admin)
    assert "no longer works" in client.get(address, follow=True).content.decode()


def test_a_link_that_waits_is_not_sent_to_whoever_was_blocked(student: User, admin: User) -> None:
    person_actions.send_link(person=student, by=admin)
    person_actions.block(person=student, by=admin)
    send_due(timezone.now())
    assert (len(mail.outbox), Notice.objects.get().state) == (0, "cancelled")


def test_twice_is_once(student: User, admin: User) -> None:
    for _twice in range(2):
        person_actions.block(person=student, by=admin)
    assert AuditRow.objects.filter(verb="block_person").count() == 1


# ---- remove ----


def test_of_whoever_is_removed_stays_a_row_without_a_name(student: User, admin: User) -> None:
    from accounts.actions import make_key

    make_key(owner=student, name="k", by=student)
    student.sign_ins.create(address="192.0.2.7")
    person_actions.send_link(person=student, by=admin)
    person_actions.remove(person=student, by=admin)
    row = User.objects.get(pk=student.pk)
    assert row.username.startswith("removed-")
    assert (row.email, row.get_full_name(), row.is_active, row.has_usable_password()) == ("", "", False, False)
    of_theirs = (row.ssh_keys.all(), row.sign_ins.all(), EmailAddress.objects.filter(user=row))
    assert not any(rows.exists() for rows in of_theirs)
    assert not any("student" in str(vars(kept)) for kept in AuditRow.objects.all())


def test_nothing_is_done_to_whoever_was_removed(student: User, admin: User) -> None:
    person_actions.remove(person=student, by=admin)
    for act in (person_actions.block, person_actions.unblock, person_actions.send_link, person_actions.remove):
        with pytest.raises(person_actions.IsRemoved):
            act(person=student, by=admin)


def test_the_name_and_the_address_are_free_again(student: User, admin: User) -> None:
    person_actions.remove(person=student, by=admin)
    assert create(username="student", email="student@example.org").pk != student.pk
