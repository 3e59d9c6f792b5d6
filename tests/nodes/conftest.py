"""A clock that stands still until it is moved, and a donor without an account."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

if TYPE_CHECKING:
    from accounts.models import Donor


class Clock:
    """The time of everything in this process."""

    def __init__(self, traveller: Any) -> None:
        self.traveller = traveller

    def pass_minutes(self, minutes: float) -> None:
        self.traveller.shift(timedelta(minutes=minutes))


@pytest.fixture
def clock() -> Iterator[Clock]:
    with time_machine.travel("2026-03-02T10:00:00+00:00", tick=False) as traveller:
        yield Clock(traveller)


@pytest.fixture
def lucia(db: None) -> "Donor":
    """A donor without an account, who reads Spanish."""
    from tests.nodes.donated import donor_of

    return donor_of("Lucia@Example.org", language="es")
