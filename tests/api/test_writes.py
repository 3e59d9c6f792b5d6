"""A program writes so often a minute with one token, and no oftener."""

from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts import writes
from tests.api.program import Program


@pytest.fixture(autouse=True)
def few(settings: Any) -> None:
    settings.API_WRITES_A_MINUTE = 3


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(datetime(2026, 11, 26, 12, 0, 10), tick=False) as clock:
        yield clock


def write(program: Any) -> Any:
    return program.ask("POST", "keys/make/", {})


def test_beyond_the_limit_nothing_is_done(api: Any) -> None:
    assert [write(api).status_code for _number in range(4)] == [201, 201, 201, 429]
    assert api.user.ssh_keys.count() == 3


def test_the_refusal_says_when_to_go_on(api: Any) -> None:
    answer = [write(api) for _number in range(4)][-1]
    assert (answer.json()["code"], answer["Retry-After"]) == ("throttled", "50")
    assert "50 seconds" in answer.json()["detail"]


def test_it_goes_on_in_the_next_minute(api: Any, clock: Any) -> None:
    for _number in range(4):
        write(api)
    clock.shift(50)
    assert write(api).status_code == 201


def test_reading_is_not_counted(api: Any) -> None:
    for _number in range(5):
        assert api.ask("GET", "keys/").status_code == 200
    assert write(api).status_code == 201


def test_each_token_has_its_own_count(api: Any) -> None:
    for _number in range(4):
        write(api)
    assert write(Program(api.user)).status_code == 201


def test_old_counts_are_forgotten(api: Any, clock: Any) -> None:
    write(api)
    clock.shift(300)
    assert writes.forget(timezone.now()) == 1
