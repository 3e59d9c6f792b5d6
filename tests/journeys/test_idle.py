"""Idle machines with real guests on the local cloud: asked, asleep, woken by ssh; and those that are not idle."""

import pytest

from tests.journeys.idling import SideBySide, is_asked_and_not_cut, sleeps_and_is_woken, works_and_is_left_alone
from tests.journeys.kinds import on_qemu
from tests.journeys.stack import Stack

pytestmark = [pytest.mark.slow, *on_qemu]


@pytest.fixture(scope="module")
def idlers(qemu_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> SideBySide:
    """Play all three scenes: the machines have waited when the first test begins."""
    qemu_stack.whole()
    return SideBySide(qemu_stack, tmp_path_factory.mktemp("idle")).play()


def test_a_machine_that_nobody_uses_sleeps_and_ssh_wakes_it(idlers: SideBySide) -> None:
    idlers.must_hold(sleeps_and_is_woken)


def test_one_that_computes_without_a_connection_is_left_alone(idlers: SideBySide) -> None:
    idlers.must_hold(works_and_is_left_alone)


def test_an_open_silent_session_is_asked_and_not_cut(idlers: SideBySide) -> None:
    idlers.must_hold(is_asked_and_not_cut)
