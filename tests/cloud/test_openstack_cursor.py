"""The cursor of a list is when Nova began to read, not when it replied: what changed between is told by the next list."""

import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import requests

from cloud.openstack import OpenStackCloud

REPLIED_AT = datetime(2026, 11, 21, 16, 0, 20, tzinfo=UTC)
SLOW_SECONDS = 2.0


def reply() -> requests.Response:
    """The answer of a loaded Nova: its list was read two seconds ago."""
    time.sleep(SLOW_SECONDS)  # as a loaded Nova takes to answer
    answer = requests.Response()
    answer.status_code, answer._content = 200, b'{"servers": []}'
    answer.headers["Date"] = REPLIED_AT.strftime("%a, %d %b %Y %H:%M:%S GMT")
    return answer


class SlowCloud(OpenStackCloud):
    client: Any = SimpleNamespace(request=lambda *_args, **_facts: reply())
    faults: Any = SimpleNamespace(fill=lambda _rows: None)
    addresses: Any = SimpleNamespace(of=lambda _rows: {})


def test_the_cursor_is_from_before_the_list_was_read() -> None:
    cursor = datetime.fromisoformat(SlowCloud.__new__(SlowCloud).list_servers().cursor)
    assert (REPLIED_AT - cursor).total_seconds() >= SLOW_SECONDS + 3
