"""Migrations: at an upgrade the old version works on the migrated tables for a while, so a migration takes nothing away from it."""

from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED

APPS = ("accounts", "catalog", "courses", "machines", "nodes", "portal", "quotas", "tunnels")
# The tables of version 0.1, from which the first tried upgrade starts; what came before was never upgraded under a running site.
LAST_OF_0_1 = {"accounts": 2, "catalog": 2, "courses": 2, "machines": 10, "quotas": 3, "tunnels": 3}
TAKES_AWAY = (
    migrations.RemoveField,
    migrations.RenameField,
    migrations.DeleteModel,
    migrations.RenameModel,
    migrations.AlterModelTable,
)
# "app.migration: what it does", as the test names it: what no code has read for a whole version may go, and is written down here.
READ_BY_NOBODY: set[str] = set()


def number(name: str) -> int:
    return int(name.partition("_")[0])


def later_operations() -> list[tuple[str, str, Operation]]:
    """Every operation after version 0.1, with its app and migration."""
    disk = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    return [
        (app, name, operation)
        for (app, name), migration in sorted(disk.items())
        if app in APPS and number(name) > LAST_OF_0_1.get(app, 0)
        for operation in migration.operations
    ]


def slip(operation: Operation) -> str:
    """Say why the old version would stumble over this operation; '' where it would not."""
    if isinstance(operation, TAKES_AWAY):
        return "takes away or renames what the old version reads: do that one version later"
    if isinstance(operation, migrations.AddField) and not _may_be_left_out(operation.field):
        return "the old version's INSERT lacks this column: make it nullable, or give it a db_default"
    return ""


def _may_be_left_out(field: Any) -> bool:
    return field.null or field.many_to_many or field.db_default is not NOT_PROVIDED


def test_the_old_version_works_on_the_new_tables() -> None:
    slips = {f"{app}.{name}: {operation.describe()}": slip(operation) for app, name, operation in later_operations()}
    assert {what: why for what, why in slips.items() if why and what not in READ_BY_NOBODY} == {}


@pytest.mark.parametrize(
    ("operation", "is_slip"),
    [
        (migrations.AddField("machine", "x", models.IntegerField(null=True)), False),
        (migrations.AddField("machine", "x", models.IntegerField(db_default=0)), False),
        (migrations.AddField("machine", "x", models.IntegerField(default=0)), True),
        (migrations.RemoveField("machine", "x"), True),
        (migrations.RenameField("machine", "x", "y"), True),
        (migrations.DeleteModel("machine"), True),
        (migrations.CreateModel("new", []), False),
    ],
)
def test_a_slip_is_found(operation: Operation, is_slip: bool) -> None:
    assert bool(slip(operation)) is is_slip
