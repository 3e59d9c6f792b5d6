"""The servers under the tests are the engines of production."""

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
