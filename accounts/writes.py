"""Count how often a program has written lately, for each of its tokens."""

from datetime import datetime, timedelta

from django.db import connection

from accounts.models import ApiWrites

# One statement, so that of many writes at once none is lost.
_COUNT = """
INSERT INTO accounts_apiwrites AS w (token, minute, count) VALUES (%(token)s, %(minute)s, 1)
ON CONFLICT (token) DO UPDATE SET minute = %(minute)s, count = CASE WHEN w.minute = %(minute)s THEN w.count + 1 ELSE 1 END
RETURNING count
"""


def count(*, token: str, now: datetime) -> int:
    """Count one more write, and return how many that makes in this minute."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"token": token, "minute": now.replace(second=0, microsecond=0)})
        return int(cursor.fetchone()[0])


def forget(now: datetime) -> int:
    """Delete counts of past minutes. Returns how many."""
    return ApiWrites.objects.filter(minute__lt=now - timedelta(minutes=2)).delete()[0]
