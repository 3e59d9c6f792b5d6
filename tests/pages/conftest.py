"""The ground of the tests in a browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from tests.chromium import browser as browser
from tests.chromium import chromium as chromium


@pytest.fixture(scope="session", autouse=True)
def _no_session_left(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A live server's threads may leave connections, which would keep the test database from being dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
