"""The audit log is written with the action, by staff only, and stays as it is."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.audit import trail
from accounts.audit.trail import Thing, record
from accounts.models import AuditRow, User

THING = Thing("machine", 7, "condor")


def row_of(days: int, **facts: Any) -> AuditRow:
    old = timezone.now() - timedelta(days=days)
    return AuditRow.objects.create(at=old, verb="suspend", kind="machine", address="192.0.2.7", **facts)


def sql(text: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(text)


def test_a_row_says_who_did_what_to_whom_and_from_where(student: User, admin: User) -> None:
    with trail.asked_from("192.0.2.7"):
        record(by=admin, verb="suspend", whom=student, thing=THING, detail={"note": "x"})
    row = AuditRow.objects.get()
    assert (row.who, row.verb, row.whom, row.name, row.address) == (admin, "suspend", student, "condor", "192.0.2.7")


def test_what_people_do_to_their_own_things_is_nobody_s_business(student: User) -> None:
    record(by=student, verb="suspend", whom=student, thing=THING)
    assert not AuditRow.objects.exists()


def test_what_only_staff_can_do_counts_for_themselves_too(admin: User) -> None:
    record(by=admin, verb="give_grant", whom=admin, thing=THING, is_own_recorded=True)
    assert AuditRow.objects.get().whom == admin


def test_a_command_has_no_person_and_no_address(student: User) -> None:
    record(by=None, verb="give_grant", whom=student.pk, thing=THING)
    row = AuditRow.objects.get()
    assert (row.who, row.address) == (None, None)


def test_an_address_is_not_taken_over_by_what_follows(student: User, admin: User) -> None:
    with trail.asked_from("192.0.2.7"):
        pass
    record(by=admin, verb="suspend", whom=student, thing=THING)
    assert AuditRow.objects.get().address is None


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM accounts_auditrow",
        "TRUNCATE accounts_auditrow",
        "UPDATE accounts_auditrow SET verb = 'other'",
        "UPDATE accounts_auditrow SET address = NULL, verb = 'other'",
        "UPDATE accounts_auditrow SET address = '192.0.2.8'",
        "UPDATE accounts_auditrow SET who_id = NULL",
        "UPDATE accounts_auditrow SET at = now() - interval '9 years'",
    ],
)
@pytest.mark.parametrize("days", [0, 100])
def test_raw_sql_changes_and_deletes_nothing(admin: User, change: str, days: int) -> None:
    row = row_of(days, who=admin)
    with pytest.raises(DatabaseError, match="append-only"):
        sql(change)
    assert AuditRow.objects.get(pk=row.pk).verb == "suspend"


def test_an_address_is_not_cleared_before_its_time(db: None) -> None:
    row_of(89)
    with pytest.raises(DatabaseError, match="append-only"):
        sql("UPDATE accounts_auditrow SET address = NULL")


def test_no_setting_deletes_what_is_younger_than_ninety_days(db: None) -> None:
    row_of(89)
    with pytest.raises(DatabaseError, match="append-only"):
        sql("SET LOCAL minga.audit_days = '0'; DELETE FROM accounts_auditrow")


def test_addresses_go_after_ninety_days_and_rows_after_two_years(db: None) -> None:
    young, old, oldest = row_of(89), row_of(91), row_of(731)
    trail.forget(timezone.now())
    kept = dict(AuditRow.objects.values_list("pk", "address"))
    assert kept == {young.pk: "192.0.2.7", old.pk: None}
    assert oldest.pk not in kept


def test_what_is_too_old_goes_in_batches(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "BATCH", 2)
    for _row in range(5):
        row_of(800)
    trail.forget(timezone.now())
    assert not AuditRow.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_purge_leaves_the_trigger_as_strict_as_before() -> None:
    row_of(731)
    trail.forget(timezone.now())
    row_of(731)
    with pytest.raises(DatabaseError, match="append-only"):
        sql("DELETE FROM accounts_auditrow")


def test_erasing_a_person_edits_no_row(student: User, admin: User) -> None:
    record(by=admin, verb="suspend", whom=student, thing=THING)
    number = student.pk
    student.delete()
    row = AuditRow.objects.select_related("whom").get()
    assert (row.whom_id, row.whom) == (number, None)
