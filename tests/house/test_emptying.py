"""A test that commits leaves an empty database behind, and costs little."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, transaction

from accounts.audit.trail import Thing, record
from accounts.models import User
from machines.models import Machine
from tests.emptying import OF_MIGRATE, empty
from tests.factories import make_machine


@pytest.fixture
def lived_in(student: User) -> None:
    make_machine(student)


@pytest.mark.usefixtures("lived_in")
def test_no_table_of_ours_has_a_row_afterwards() -> None:
    assert Machine.objects.exists()
    empty(connection)
    with connection.cursor() as cursor:
        for name in set(connection.introspection.table_names(cursor)) - OF_MIGRATE:
            cursor.execute(f'SELECT count(*) FROM "{name}"')
            assert cursor.fetchone() == (0,), name


@pytest.mark.usefixtures("lived_in")
def test_what_migrate_has_made_stays() -> None:
    before = ContentType.objects.count(), Permission.objects.count()
    empty(connection)
    assert (ContentType.objects.count(), Permission.objects.count()) == before
    assert before[1] > 0


@pytest.mark.usefixtures("lived_in")
def test_the_audit_log_is_kept_again_once_it_is_empty(admin: User) -> None:
    record(by=admin, verb="suspend", thing=Thing("machine"))
    empty(connection)
    record(by=admin, verb="suspend", thing=Thing("machine"))
    for change in ("DELETE FROM", "TRUNCATE"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"{change} accounts_auditrow")


@pytest.mark.xdist_group("emptying")  # both turns on one database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_test_that_commits_finds_nothing_of_the_one_before(student: User, turn: int) -> None:
    assert User.objects.get() == student
    make_machine(student)
