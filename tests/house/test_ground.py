"""The servers under the tests are the engines of production; workers keep groups together."""

import os

import pytest
import redis
from django.conf import settings
from django.db import connection


@pytest.mark.django_db
def test_the_database_is_postgresql() -> None:
    assert connection.vendor == "postgresql"


def test_redis_answers_with_the_password() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as doorbell:
        assert doorbell.ping()


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="there is one worker only")
@pytest.mark.xdist_group("ground")
def test_tests_of_a_group_are_known_to_the_workers(request: pytest.FixtureRequest) -> None:
    """Hold the groups: without a word, pytest 9.2.0 and pytest-xdist 3.8.0 make no groups: each worker would start every stack."""
    assert request.node.nodeid.endswith("@ground")
