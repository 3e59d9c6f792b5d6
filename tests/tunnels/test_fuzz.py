"""The moves of one visitor and one target disturb no others."""

import contextlib
import random
import socket
import time
from threading import Thread

import pytest

from tests.tunnels.agent_stage import Stage
from tests.tunnels.fuzz import MOVES, Crowd, MadTarget, Move, Steady, instant_close, play, six_bytes
from tests.tunnels.targets import HERE
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.slow
FUZZ_SECONDS = 2.0


def links(stage: Stage) -> int:
    """Count the agent's connections to the gateway since it was started."""
    return stage.agent.said().count("connected to gateway")


def mad(stage: Stage, number: int, move: Move | None = None) -> int:
    """A port behind which nothing can be relied on."""
    target = MadTarget(number, move)
    stage.targets.append(target)  # type: ignore[arg-type]
    key = stage.portal.wish(stage.first + number, target.port, probe=False)
    until(lambda: stage.portal.is_open(key))
    return stage.first + number


def visited(port: int, move: Move) -> None:
    with contextlib.suppress(OSError):
        play(socket.create_connection((HERE, port), timeout=PATIENCE), random.Random(1), move)


def test_a_service_that_hangs_up_costs_nobody_else_anything(stage: Stage) -> None:
    """The target accepts and closes at once; the visitor says six bytes and closes."""
    _key, port = stage.opened()
    rude, before = mad(stage, 1, instant_close), links(stage)
    with Steady(port) as steady:
        for _visit in range(40):
            visited(rude, six_bytes)
            steady.go()
    assert links(stage) == before


def test_no_pair_of_moves_disturbs_another_stream(stage: Stage) -> None:
    """Try each of the visitor's moves against each of the target's, the visitors of one kind of target at once."""
    _key, port = stage.opened()
    rude, before = mad(stage, 1), links(stage)
    with Steady(port) as steady:
        for move in MOVES:
            stage.targets[-1].move = move  # type: ignore[attr-defined]
            visitors = [Thread(target=visited, args=(rude, each)) for each in MOVES]
            for visitor in visitors:
                visitor.start()
            while any(visitor.is_alive() for visitor in visitors):
                steady.go()
    assert links(stage) == before


def test_a_stream_stays_whole_while_everything_is_tried_beside_it(stage: Stage) -> None:
    _key, port = stage.opened()
    ports, before = [mad(stage, number) for number in (1, 2)], links(stage)
    with Steady(port) as steady, Crowd(ports, seed=11) as crowd:
        began = time.monotonic()
        while (took := time.monotonic() - began) < FUZZ_SECONDS or crowd.visits <= 20:
            steady.go()
            assert took < PATIENCE
    assert links(stage) == before
