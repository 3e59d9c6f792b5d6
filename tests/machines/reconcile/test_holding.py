"""Machines and watch come to be held by a restore of any version's backup, or by what 0.3 held; the comparison with the cloud ends it."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from machines.models import CloudWatch, Machine
from machines.reconcile import after_restore
from tests.machines.world import World


def test_a_restore_holds_the_tables_of_a_backup_without_the_columns(world: World) -> None:
    machine = world.running()
    migration = import_module("machines.migrations.0024_held_at")
    with connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; {migration.DROP}")
        cursor.execute(after_restore.HOLD)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(migration.ADD)
    machine.refresh_from_db()
    assert (machine.held_at is not None, CloudWatch.is_held()) == (True, True)


@pytest.mark.parametrize("what", ["machine", "watch"])
def test_a_database_that_0_3_held_stays_held(world: World, what: str) -> None:
    world.running()
    model: Any = {"machine": Machine, "watch": CloudWatch}[what]
    model.objects.update(claimed_until=timezone.now() + timedelta(days=36_500))
    with connection.cursor() as cursor:
        cursor.execute(import_module("machines.migrations.0024_held_at").TAKE_OVER)
    assert (after_restore.is_due(), model.objects.get().held_at is not None) == (True, True)


def test_a_claim_of_a_worker_is_no_hold(world: World) -> None:
    world.running()
    Machine.objects.update(claimed_until=timezone.now() + timedelta(minutes=1))
    with connection.cursor() as cursor:
        cursor.execute(import_module("machines.migrations.0024_held_at").TAKE_OVER)
    assert not after_restore.is_due()


def test_the_comparison_with_the_cloud_ends_it(world: World) -> None:
    world.running()
    century = timezone.now() + timedelta(days=36_500)  # as 0.3 held it
    Machine.objects.update(held_at=timezone.now(), claimed_until=century)
    CloudWatch.objects.update(held_at=timezone.now(), claimed_until=century)
    after_restore.compare_with_cloud(world.cloud)
    machine = Machine.objects.get()
    assert (machine.held_at, machine.claimed_until, CloudWatch.is_held()) == (None, None, False)
