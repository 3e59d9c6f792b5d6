"""A visitor whom an outside account lets in becomes a person here, once, and gets the roles of the table."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils import timezone

from accounts import emails, person_actions
from accounts.models import AuditRow, OutsideAccount, User
from accounts.outside import arrivals, linking
from accounts.outside.arrivals import Arrival, arrive
from accounts.outside.outside_refusals import NameTaken, NoName
from accounts.outside.role_table import read
from tests.database_clients import count_of_waiting
from tests.waiting import PATIENCE, until

ANA = Arrival("keystone", "id-1", "ana", "ana@uni.example", "Ana Paredes", frozenset({"member"}))


@pytest.fixture(autouse=True)
def table(db: None, settings: Any) -> None:
    settings.SIGN_IN_ROLES = read("keystone:admin=admin,keystone:lecturer=teacher")


def with_values(*values: str) -> Arrival:
    return replace(ANA, values=frozenset(values))


def test_the_first_time_makes_a_person_without_a_password() -> None:
    person = arrive(ANA)
    assert (person.username, person.get_full_name(), person.roles) == ("ana", "Ana Paredes", ["student"])
    assert not person.has_usable_password()
    assert emails.proven(person) == "ana@uni.example"
    assert AuditRow.objects.get(verb="create_person").whom_id == person.pk


def test_the_second_time_finds_them_also_under_another_name() -> None:
    assert arrive(replace(ANA, name="ana.paredes")).pk == arrive(ANA).pk == User.objects.get().pk


def test_of_two_browsers_at_once_the_second_finds_what_the_first_made(monkeypatch: pytest.MonkeyPatch) -> None:
    person, look = arrive(ANA), arrivals.account_of
    answers = iter([None])  # it looked before the first was done
    monkeypatch.setattr(arrivals, "account_of", lambda arrival: next(answers, look(arrival)))
    assert arrive(ANA).pk == person.pk


@pytest.mark.django_db(transaction=True)
def test_two_sign_ins_at_once_do_not_wait_for_each_other(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one looked at the account before it made an administrator, the second one after that. Both have to take the office back."""
    person, look, looks = arrive(with_values("admin")), arrivals.account_of, itertools.count()

    def looked(arrival: Arrival) -> OutsideAccount:
        account = look(arrival)
        assert account
        if next(looks) == 0:
            account.roles = []
        return account

    monkeypatch.setattr(arrivals, "account_of", looked)
    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=person.pk)
            both = []
            for count in (1, 2):
                both.append(pool.submit(in_own_connection, lambda: arrive(with_values("member"))))
                until(lambda wanted=count: count_of_waiting() == wanted, "so many wait for the person")
        [done.result(PATIENCE) for done in both]
    person.refresh_from_db()
    assert person.roles == ["student"]


@pytest.mark.django_db(transaction=True)
def test_sign_ups_make_way_in_one_order(db: None) -> None:
    """Two sign-ins of one person at once end the same sign-ups: one has the username, one the address."""
    facts = {"signed_up_at": timezone.now(), "password": make_password(None)}
    first, second = (User.objects.create(username=name, email=f"{name}@uni.example", **facts) for name in ("ana", "a2"))
    User.objects.filter(pk=first.pk).update(first_name="Ana")  # PostgreSQL now has it behind the second one
    User.objects.filter(pk=second.pk).update(email=ANA.email)
    User.objects.filter(pk=first.pk).update(email="")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=first.pk)
            arrival = pool.submit(in_own_connection, arrive_by_the_order_on_disk)
            until(count_of_waiting, "it waits for the first")
            assert User.objects.select_for_update(nowait=True).get(pk=second.pk)
        arrival.result(PATIENCE)
    assert not User.objects.filter(pk__in=[first.pk, second.pk]).exists()


@transaction.atomic
def arrive_by_the_order_on_disk() -> None:
    """Let Ana arrive, with plans as PostgreSQL chooses them for a large table: whatever is not put in order comes as it lies on disk."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
    arrive(ANA)


def in_own_connection(work: Callable[[], object]) -> None:
    try:
        work()
    finally:
        connection.close()


def test_a_local_person_of_that_name_stays_who_they_are(student: User) -> None:
    with pytest.raises(NameTaken):
        arrive(replace(ANA, name="Student"))
    assert (User.objects.count(), OutsideAccount.objects.count()) == (1, 0)


def test_an_address_that_is_somebody_s_is_left_out(student: User) -> None:
    assert arrive(replace(ANA, email=student.email.upper())).email == ""
    assert emails.people_at(student.email).get() == student


def test_a_name_that_was_given_to_somebody_else_there_opens_nothing() -> None:
    arrive(ANA)
    with pytest.raises(NameTaken):
        arrive(replace(ANA, subject="id-2"))


def test_a_twin_of_a_linked_name_does_not_take_it(student: User) -> None:
    OutsideAccount.objects.create(user=student, way="ldap", name="iris")
    assert arrive(Arrival("ldap", "id-2", "ırıs")).pk != student.pk
    assert arrive(Arrival("ldap", "id-1", "Iris")).pk == student.pk


@pytest.mark.parametrize("name", ["ana paredes", "import", "a/b", ""])
def test_a_name_that_cannot_be_used_here_is_said(name: str) -> None:
    with pytest.raises(NoName):
        arrive(replace(ANA, name=name))


def test_roles_follow_the_table_and_what_an_administrator_gave_stays(admin: User) -> None:
    person = arrive(with_values("Lecturer"))
    assert person.roles == ["student", "teacher"]
    person_actions.change_roles(person=person, roles=["student", "teacher", "donor"], by=admin)
    assert arrive(with_values("member")).roles == ["student", "donor"]
    assert AuditRow.objects.filter(verb="change_roles", whom=person).count() == 3


def test_a_teacher_by_hand_stays_one(admin: User) -> None:
    person_actions.change_roles(person=arrive(ANA), roles=["teacher"], by=admin)
    assert arrive(ANA).roles == ["teacher"]


def test_a_role_by_hand_stays_also_when_the_table_gave_it_too(admin: User) -> None:
    person = arrive(ANA)
    person_actions.change_roles(person=person, roles=["student", "teacher"], by=admin)
    assert arrive(with_values("lecturer")).roles == ["student", "teacher"]
    assert arrive(ANA).roles == ["student", "teacher"]
    linking.unlink(account=OutsideAccount.objects.get(), by=admin)
    assert User.objects.get(pk=person.pk).roles == ["student", "teacher"]


def test_a_role_that_was_taken_away_and_given_again_is_by_hand(admin: User) -> None:
    person = arrive(with_values("lecturer"))
    for roles in (["student"], ["student", "teacher"]):
        person_actions.change_roles(person=person, roles=roles, by=admin)
    assert arrive(ANA).roles == ["student", "teacher"]


def test_a_role_of_two_accounts_ends_with_the_second(settings: Any) -> None:
    settings.SIGN_IN_ROLES = read("keystone:lecturer=teacher,ldap:staff=teacher")
    person = arrive(with_values("lecturer"))
    OutsideAccount.objects.create(user=person, way="ldap", subject="id-1", name="ana")
    by_ldap = Arrival("ldap", "id-1", "ana", values=frozenset({"staff"}))
    assert arrive(by_ldap).roles == ["student", "teacher"]
    assert arrive(ANA).roles == ["student", "teacher"]
    assert arrivals.roles_after(replace(by_ldap, values=frozenset()), person) == ["student"]
    assert arrive(replace(by_ldap, values=frozenset())).roles == ["student"]


def test_whoever_loses_the_only_role_is_a_student() -> None:
    person = arrive(with_values("lecturer"))
    User.objects.filter(pk=person.pk).update(roles=["teacher"])
    assert arrive(ANA).roles == ["student"]


def test_the_last_administrator_keeps_the_office_and_not_the_last_but_one(admin: User) -> None:
    arrive(with_values("admin"))
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert "admin" in arrive(ANA).roles
    User.objects.filter(pk=admin.pk).update(is_active=True)
    assert arrive(ANA).roles == ["student"]


def test_a_removed_person_leaves_nothing_that_names_them(admin: User) -> None:
    person = arrive(ANA)
    person_actions.remove(person=person, by=admin)
    assert not OutsideAccount.objects.exists()
    assert arrive(ANA).pk != person.pk


def test_nobody_keeps_a_role_of_the_table_by_unlinking_the_account(admin: User) -> None:
    person = arrive(with_values("admin", "lecturer"))
    person_actions.change_roles(person=person, roles=[*person.roles, "donor"], by=admin)
    person.set_password("minga")
    person.save(update_fields=["password"])
    linking.unlink(account=OutsideAccount.objects.get(), by=person)
    assert User.objects.get(pk=person.pk).roles == ["student", "donor"]
    assert AuditRow.objects.filter(verb="change_roles", who=person, whom=person).exists()


def test_a_role_that_another_account_gives_too_stays() -> None:
    person = arrive(with_values("lecturer"))
    OutsideAccount.objects.create(user=person, way="ldap", subject="1", name="ana", roles=["teacher"])
    linking.unlink(account=OutsideAccount.objects.get(way="keystone"), by=person)
    assert "teacher" in User.objects.get().roles
