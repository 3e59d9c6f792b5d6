"""A live server for the tests of a module."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.pages.conftest import _no_session_left as _no_session_left

if TYPE_CHECKING:
    from tests.live.process import LiveProcess


@pytest.fixture(scope="module")
def live(django_db_setup: None) -> "Iterator[LiveProcess]":
    from tests.live.process import LiveProcess

    process = LiveProcess()
    yield process
    process.stop()
