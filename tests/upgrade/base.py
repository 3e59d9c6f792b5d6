"""The database of the version before, loaded and migrated: for the upgrade test, and as the world of tests.recording."""

import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection

DUMP = Path(__file__).with_name("base-0.3.0.sql.gz")
NOW = datetime(2026, 12, 1, 10, tzinfo=UTC)  # the moment at which it was made
PASSWORD = "minga"  # everybody's
AGENT_TOKEN = "agent-token"  # of the gateway "vps"


def text() -> str:
    """The dump itself, as SQL."""
    return gzip.decompress(DUMP.read_bytes()).decode()


def token_of(name: str) -> str:
    """The word of a person's token for the API."""
    return name.encode().hex().ljust(64, "0")


def session_of(name: str) -> str:
    """The key of a session in which that person is signed in; SECRET_KEY is the tests' own."""
    return f"session0of0{name}".ljust(32, "x")


@contextmanager
def upgraded(look: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Lead the default connection to a database of its own with the base in it, migrated. `look` runs before it is migrated."""
    usual = connection.settings_dict["NAME"]
    name = f"{usual}_upgraded_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    _ask(f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}"')
    _lead_to(name)
    try:
        _load()
        look()
        call_command("migrate", verbosity=0)
        yield
    finally:
        _lead_to(usual)
        _ask(f'DROP DATABASE "{name}" WITH (FORCE)')


def _lead_to(name: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
    ContentType.objects.clear_cache()


def _load() -> None:
    with connection.cursor() as cursor:
        cursor.execute(text())
    connection.close()  # the dump sets search_path and more for its session


def _ask(*statements: str) -> None:
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        for statement in statements:
            cursor.execute(statement)
