"""A compiled query answers as the same query would that Django writes anew."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from accounts.models import User
from lib.compiled_queries import Among, Given, compiled
from machines.models import Machine
from quotas.models import Grant
from tests.factories import grant, make_machine
from tunnels.models import Tunnel


@compiled
def ports_of(holders: Given) -> QuerySet[Tunnel]:
    return (
        Tunnel.objects.filter(Among(F("holder"), holders))
        .select_related("gateway")
        .only("port", "gateway__name")
        .order_by("port")
    )


@compiled
def live_grants(user: Given, now: Given) -> QuerySet[Grant, Any]:
    return Grant.objects.filter(user=user, ends_at__gt=now).values_list("machines", "vcpus")


@pytest.fixture
def machine(student: User) -> Machine:
    return make_machine(student)


def test_it_loads_the_same_objects(machine: Machine) -> None:
    [first, second] = ports_of(holders=[machine.pk])
    assert [first, second] == list(Tunnel.objects.filter(holder=machine.pk).order_by("port"))


def test_its_relations_and_left_out_columns_are_as_asked(machine: Machine, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        [tunnel, _other] = ports_of(holders=[machine.pk])
        assert (tunnel.gateway.name, tunnel.get_deferred_fields() >= {"state", "owner_id"}) == ("vps", True)


def test_each_call_has_its_own_values(student: User, student2: User) -> None:
    for user, machines in ((student, 3), (student2, 4)):
        grant(user, machines=machines, ends_at=timezone.now() + timedelta(hours=machines))
    now = timezone.now()
    asked: list[tuple[User, datetime]] = [
        (student, now),
        (student2, now),
        (student, now + timedelta(hours=3)),
        (student, now),
    ]
    assert [live_grants(user=user.pk, now=at) for user, at in asked] == [[(3, 40)], [(4, 40)], [], [(3, 40)]]


def test_a_list_of_any_length_is_one_statement(machine: Machine, django_assert_num_queries: Any) -> None:
    other = make_machine(machine.owner, name="other")
    with django_assert_num_queries(3) as asked:
        found = [len(ports_of(holders=some)) for some in ([], [machine.pk], [machine.pk, other.pk])]
    assert found == [0, 2, 4]
    assert len({each["sql"].partition("ANY")[0] for each in asked}) == 1


def test_the_sql_is_written_once(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    ports_of(holders=[])
    monkeypatch.setattr(SQLCompiler, "as_sql", lambda *args, **kwargs: pytest.fail("written again"))
    assert len(ports_of(holders=[machine.pk])) == 2


def test_postgresql_keeps_its_plan(machine: Machine) -> None:
    for _turn in range(5):
        ports_of(holders=[machine.pk])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%= ANY($1)%%' AND statement LIKE '%%tunnels_tunnel%%'"
        )
        assert cursor.fetchone() == (1,)


def test_a_value_that_is_missing_is_an_error(db: None) -> None:
    with pytest.raises(KeyError, match="now"):
        live_grants(user=1)


def test_threads_that_write_it_at_once_share_no_queryset(db: None) -> None:
    """The joins of one change meanwhile: one thread would fail, or keep the SQL of two halves."""
    query = compiled(lambda: Tunnel.objects.select_related("gateway"))
    first, second = (type(query)._written.func(query) for _thread in range(2))
    assert first.rows.query is not second.rows.query


@pytest.mark.django_db(transaction=True)
def test_threads_use_their_own_connections(machine: Machine) -> None:
    found: list[int] = []

    def ask() -> None:
        found.extend(len(ports_of(holders=[machine.pk])) for _turn in range(20))
        connection.close()

    threads = [threading.Thread(target=ask) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2] * 80
