"""Idle machines with real guests on the local cloud: asked, asleep, woken by ssh; and those that are not idle."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.idling import Idler, is_asked_and_not_cut, sleeps_and_is_woken, works_and_is_left_alone
from tests.journeys.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.qemu]


@pytest.fixture
def idler(qemu_stack: Stack, tmp_path: Path) -> Iterator[Idler]:
    qemu_stack.whole()
    machine = Idler(qemu_stack, tmp_path)
    yield machine
    machine.leave()


def test_a_machine_that_nobody_uses_sleeps_and_ssh_wakes_it(idler: Idler) -> None:
    sleeps_and_is_woken(idler)


def test_one_that_computes_without_a_connection_is_left_alone(idler: Idler) -> None:
    works_and_is_left_alone(idler)


async def test_an_open_silent_session_is_asked_and_not_cut(idler: Idler) -> None:
    await is_asked_and_not_cut(idler)
