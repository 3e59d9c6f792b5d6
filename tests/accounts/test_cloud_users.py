"""Users of the cloud that people ask for: one each, with a password that is kept nowhere in clear."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import person_actions
from accounts.cloud_users import asking, settling
from accounts.cloud_users.sealed_passwords import Unreadable, new_password, unseal
from accounts.cloud_users.user_names import is_ours, name_for
from accounts.models import AuditRow, CloudUser, Notice, OutsideAccount, User
from accounts.outside.arrivals import Arrival, arrive, roles_after, rules_for
from accounts.outside.outside_refusals import HorizonOnly
from accounts.outside.role_table import read
from accounts.outside.sign_in import names_elsewhere
from cloud.contract import MadeUser


@pytest.fixture(autouse=True)
def _offered(settings: Any) -> None:
    settings.KEYSTONE_USERS_FOR_STUDENTS = True


def make(person: User, subject: str = "id-1") -> CloudUser:
    """Ask for a user, and have the cloud make it."""
    row, _password = asking.ask(person=person)
    settling.made(row, MadeUser(subject), is_enabled=True, now=timezone.now())
    return CloudUser.objects.get(pk=row.pk)


def comes(name: str, subject: str = "id-1", *values: str) -> Arrival:
    return Arrival("keystone", subject, name, values=frozenset({"member", *values}))


# ---- asking ----


def test_the_password_is_sealed_until_the_cloud_has_it(student: User) -> None:
    row, password = asking.ask(person=student)
    assert password not in row.sealed_password
    assert unseal(row.sealed_password) == password
    assert make(student).sealed_password == ""


def test_a_password_has_what_rules_ask_for_and_is_another_each_time() -> None:
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"[A-Z][a-z2-9]{3}(-[a-z2-9]{4}){3}-[a-z2-9]{3}[2-9]", text) for text in made)


def test_another_secret_key_opens_nothing(student: User, settings: Any) -> None:
    row, _password = asking.ask(person=student)
    settings.SECRET_KEY = "another" * 8
    with pytest.raises(Unreadable):
        unseal(row.sealed_password)


def test_who_asks_twice_has_one_and_the_last_password(student: User) -> None:
    first, second = (asking.ask(person=student) for _ in range(2))
    row = CloudUser.objects.get()
    assert (row.pk, unseal(row.sealed_password)) == (first[0].pk, second[1])
    assert [one.verb for one in AuditRow.objects.order_by("pk")] == ["make_cloud_user", "renew_cloud_password"]
    assert Notice.objects.filter(recipient=student).count() == 2


@pytest.mark.parametrize("username", ["ana", "Ana.Núñez+lab@uni", "x" * 150])
def test_a_name_ends_in_the_person_s_own_number(db: None, username: str) -> None:
    person = User(username=username)
    name = name_for(person)
    assert is_ours(name)
    assert re.fullmatch(rf"minga-[a-z0-9._-]{{1,40}}-{person.uuid.hex[:8]}", name)


def test_the_name_stays_when_the_username_changes(student: User) -> None:
    before = make(student).name
    User.objects.filter(pk=student.pk).update(username="another")
    asking.ask(person=User.objects.get(pk=student.pk))
    assert CloudUser.objects.get().name == before


def test_who_has_an_account_of_the_cloud_gets_no_second_one(student: User) -> None:
    OutsideAccount.objects.create(user=student, way="keystone", name="ana", subject="id-of-ana")
    assert not asking.is_offered(student)
    with pytest.raises(asking.NotOffered):
        asking.ask(person=student)


def test_off_by_the_settings_nobody_gets_one_and_who_has_it_may_end_it(student: User, settings: Any) -> None:
    make(student)
    settings.KEYSTONE_USERS_FOR_STUDENTS = False
    with pytest.raises(asking.NotOffered):
        asking.ask(person=student)
    assert asking.end(person=student, by=student)


# ---- what is due ----


def due() -> bool:
    return CloudUser.objects.due(timezone.now()).exists()


def test_what_the_cloud_does_not_know_is_due(student: User) -> None:
    asking.ask(person=student)
    assert due()
    make(student)
    assert not due()
    asking.ask(person=student)
    assert due()


def test_a_blocked_person_is_due_and_one_who_never_had_it_is_not(student: User, student2: User, admin: User) -> None:
    make(student)
    asking.ask(person=student2)
    for person in (student, student2):
        person_actions.block(person=person, by=admin)
    assert [row.user for row in CloudUser.objects.due(timezone.now())] == [student]


def test_one_that_was_not_looked_at_for_long_is_due(student: User) -> None:
    make(student)
    CloudUser.objects.update(checked_at=timezone.now() - timedelta(hours=7))
    assert due()


def test_of_a_removed_person_only_what_has_to_go_stays(student: User, admin: User) -> None:
    row = make(student)
    person_actions.remove(person=student, by=admin)
    assert not OutsideAccount.objects.exists()
    assert due()
    settling.gone(row)
    assert not CloudUser.objects.exists()


# ---- the answers of the cloud ----


def test_a_password_asked_for_meanwhile_still_waits(student: User) -> None:
    row, _first = asking.ask(person=student)
    _row, second = asking.ask(person=student)
    settling.made(row, MadeUser("id-1"), is_enabled=True, now=timezone.now())
    assert unseal(CloudUser.objects.get().sealed_password) == second
    assert CloudUser.objects.get().subject == "id-1"


def test_one_that_was_ended_meanwhile_opens_nothing_here(student: User) -> None:
    row, _password = asking.ask(person=student)
    asking.end(person=student, by=student)
    settling.made(row, MadeUser("id-1"), is_enabled=True, now=timezone.now())
    assert not OutsideAccount.objects.exists()
    assert due()


def test_who_asks_again_while_it_is_deleted_gets_another(student: User) -> None:
    row = make(student)
    asking.end(person=student, by=student)
    asking.ask(person=student)
    settling.gone(row)
    assert (CloudUser.objects.get().subject, due()) == ("", True)


def test_one_that_an_operator_deleted_is_forgotten(student: User) -> None:
    settling.gone(make(student))
    assert not CloudUser.objects.exists()
    assert not OutsideAccount.objects.exists()


# ---- signing in with it ----


def test_its_name_leads_to_the_same_person(student: User) -> None:
    name = make(student).name
    assert arrive(comes(name)) == student
    assert User.objects.count() == 1
    assert User.objects.get().has_usable_password()


def test_it_gives_no_role_whatever_the_table_says(student: User, settings: Any) -> None:
    settings.SIGN_IN_ROLES = read("keystone:member=teacher,keystone:*=admin")
    arrival = comes(make(student).name)
    assert rules_for(arrival) == []
    assert roles_after(arrival, student) == ["student"]
    assert arrive(arrival).roles == ["student"]


@pytest.mark.parametrize("subject", ["", "id-1"], ids=["being made", "unlinked"])
def test_one_that_is_not_linked_makes_no_second_person(student: User, subject: str) -> None:
    row, _password = asking.ask(person=student)
    CloudUser.objects.update(subject=subject)
    with pytest.raises(HorizonOnly):
        arrive(comes(row.name))
    assert User.objects.count() == 1


def test_one_that_a_restored_database_has_forgotten_makes_nobody(student: User, settings: Any) -> None:
    """The role that it has in the cloud would make a teacher of it."""
    settings.SIGN_IN_ROLES = read("keystone:member=teacher")
    name = make(student).name
    CloudUser.objects.all().delete()
    OutsideAccount.objects.all().delete()
    with pytest.raises(HorizonOnly):
        arrive(comes(name.upper()))
    assert User.objects.count() == 1


def test_one_that_is_ended_opens_nothing_before_it_is_deleted(student: User) -> None:
    name = make(student).name
    asking.end(person=student, by=student)
    with pytest.raises(HorizonOnly):
        arrive(comes(name))


def test_a_password_of_another_server_is_not_sent_to_it(student: User, settings: Any) -> None:
    settings.CLOUD_SIGN_IN_URL = settings.LDAP_URL = "ldap://127.0.0.1:1"
    make(student)
    OutsideAccount.objects.create(user=student, way="ldap", name="ana", subject="1")
    student.set_unusable_password()
    student.save()
    assert names_elsewhere("student") == [("ldap", "ana")]
