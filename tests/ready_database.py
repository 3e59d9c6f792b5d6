"""The tests' database, migrated once and copied for each worker.

A worker that migrates its own takes some seconds of processor time, and each worker would. PostgreSQL copies one in 0.1 s. It stays in
the tests' folder until a migration or Django changes.
"""

import fcntl
import hashlib
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.db import connection

PREFIX = "ready_"
HALF_MADE = f"{PREFIX}half_made"


def ready(folder: Path) -> str:
    """The name of a database with all tables in it, made now if none fits the migrations. `folder` takes a lock file."""
    name = PREFIX + _fingerprint()
    with (folder / "ready-database.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = _kept()
        if name not in kept:
            _make(name, kept)
    return name


def _fingerprint() -> str:
    """Return a hash of all that decides how the tables are."""
    found = hashlib.sha256(django.__version__.encode())
    for app in sorted(apps.get_app_configs(), key=lambda app: app.name):
        for path in sorted(Path(app.path, "migrations").glob("*.py")):
            found.update(f"{app.name} {path.name}\n".encode() + path.read_bytes())
    return found.hexdigest()[:20]


def _kept() -> list[str]:
    return [name for (name,) in _ask("SELECT datname FROM pg_database WHERE datname LIKE %s", PREFIX + "%")]


def _make(name: str, kept: list[str]) -> None:
    """Make it under another name first: a run that is killed meanwhile leaves none that looks complete."""
    for old in kept:
        _ask(f'DROP DATABASE "{old}"')
    test, usual = connection.settings_dict["TEST"], connection.settings_dict["NAME"]
    wanted = test["NAME"]
    try:
        test["NAME"] = HALF_MADE
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    finally:
        connection.close()
        test["NAME"] = wanted
        settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = usual
    _ask(f'ALTER DATABASE "{HALF_MADE}" RENAME TO "{name}"')


def _ask(sql: str, *arguments: str) -> list[tuple[Any, ...]]:
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(sql, arguments or None)
        return cursor.fetchall() if cursor.description else []
