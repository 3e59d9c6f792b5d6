"""Rows as JSON, past the models: to keep what some code left in the tables, and to put it there again under other keys."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import DateTimeField, Model

Row = dict[str, Any]
Tables = dict[str, list[Row]]
Keys = Mapping[tuple[str, int], int]  # (table, key then): key now
SINGLE = "machines_watch"
OF_MIGRATE = {"django_content_type", "auth_permission"}


@cache
def models() -> dict[str, type[Model]]:
    """Return the model of each table that code writes to."""
    found = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    return {table: found[table] for table in sorted(found) if table not in OF_MIGRATE}


@cache
def foreign(table: str) -> dict[str, str]:
    """Return the table to which each column with a foreign key leads."""
    fields = [field for field in models()[table]._meta.local_fields if field.remote_field]
    return {field.column: field.related_model._meta.db_table for field in fields}  # type: ignore[union-attr]


@cache
def times(table: str) -> list[str]:
    return [field.column for field in models()[table]._meta.local_fields if isinstance(field, DateTimeField)]


def key_of(table: str) -> str:
    return str(models()[table]._meta.pk.column)  # type: ignore[union-attr]


def read() -> Tables:
    """Read every row there is, in the order of the keys."""
    each = [f"SELECT '{t}', to_jsonb(row)::text FROM \"{t}\" row" for t in models()]
    found: Tables = {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(each))
        for table, text in cursor.fetchall():
            found.setdefault(table, []).append(json.loads(text))
    return {table: sorted(rows, key=lambda row: row[key_of(table)]) for table, rows in found.items()}


def difference(before: Tables, after: Tables) -> tuple[Tables, Tables]:
    """Return the rows that are new since then, and those that have changed. Raises where one is gone."""
    new: Tables = {}
    changed: Tables = {}
    for table in before.keys() | after.keys():
        key = key_of(table)
        known = {row[key]: row for row in before.get(table, [])}
        now = {row[key]: row for row in after.get(table, [])}
        assert not known.keys() - now.keys(), f"a row of {table} was deleted"
        new[table] = [row for pk, row in now.items() if pk not in known]
        changed[table] = [row for pk, row in now.items() if pk in known and row != known[pk]]
    return {t: rows for t, rows in new.items() if rows}, {t: rows for t, rows in changed.items() if rows}


def put(new: Tables, changed: Tables, keys: Keys, texts: Mapping[str, str]) -> None:
    """Insert and update rows in one statement, with these keys and texts (keys that are UUIDs) in place of those that they had.

    One statement, since the portal binds values on the server, where a text of several takes none.
    """
    said, given = [], []
    for table, rows in new.items():
        said.append(_insert(table, tuple(rows[0])))
        given.append(_text(table, rows, keys, texts))
    for table, rows in changed.items():
        said.append(_update(table, tuple(rows[0])))
        given.append(_text(table, rows, keys, texts))
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {', '.join(f'part{place} AS ({sql})' for place, sql in enumerate(said))} SELECT", given)


def _text(table: str, rows: Sequence[Row], keys: Keys, texts: Mapping[str, str]) -> str:
    leads_to = {**foreign(table), key_of(table): table}
    mapped = [{**row, **{c: keys.get((t, row[c]), row[c]) for c, t in leads_to.items() if c in row}} for row in rows]
    text = json.dumps(mapped, default=str)
    for then, now in texts.items():
        text = text.replace(then, now)
    return text


@cache
def _insert(table: str, columns: tuple[str, ...]) -> str:
    named = ", ".join(f'"{column}"' for column in columns)
    return f'INSERT INTO "{table}" ({named}) SELECT {named} FROM jsonb_populate_recordset(NULL::"{table}", %s)'


@cache
def _update(table: str, columns: tuple[str, ...]) -> str:
    key = key_of(table)
    facts = ", ".join(f'"{column}" = changed."{column}"' for column in columns if column != key)
    changed = f'jsonb_populate_recordset(NULL::"{table}", %s) AS changed'
    return f'UPDATE "{table}" AS row SET {facts} FROM {changed} WHERE row."{key}" = changed."{key}"'


def without_numbers(new: Tables) -> Tables:
    """Return the rows without keys that are numbers, so that each gets another one. The single row about the cloud keeps its own."""
    return {table: [_without_number(table, row) for row in found] for table, found in new.items()}


def _without_number(table: str, row: Row) -> Row:
    key = key_of(table)
    return {c: fact for c, fact in row.items() if c != key or not isinstance(fact, int) or table == SINGLE}
