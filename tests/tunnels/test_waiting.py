"""Ports of machines that sleep: who may knock is held and passed on, everybody else is refused and costs nothing."""

import contextlib
import socket
import threading
import time

import psutil
import pytest

from tests.tunnels.agent_stage import Stage
from tests.tunnels.targets import HERE, Target, exchange, pattern
from tests.waiting import PATIENCE, quickest, until
from tunnels.agent.waiting import KNOCK_SECONDS

pytestmark = pytest.mark.slow

STRANGER = "127.0.0.7"


class Visit:
    """A visitor in a thread of its own, who sends its data and reads to the end."""

    def __init__(self, port: int, data: bytes = b"hello", source: str = HERE) -> None:
        self.answer: bytes | None = None
        self.began = time.monotonic()
        self.took = 0.0
        self.thread = threading.Thread(target=self._go, args=(port, data, source), daemon=True)
        self.thread.start()

    def _go(self, port: int, data: bytes, source: str) -> None:
        answer = b""
        with contextlib.suppress(OSError):
            answer = exchange(port, data, seconds=PATIENCE, source=source)
        self.took = time.monotonic() - self.began
        self.answer = answer

    @property
    def is_over(self) -> bool:
        return self.answer is not None

    def end(self) -> bytes:
        self.thread.join(PATIENCE)
        assert self.answer is not None, "it still waits"
        return self.answer


def _knocked(stage: Stage, times: int = 1) -> None:
    until(lambda: len(stage.portal.knocks) >= times)


def test_a_visitor_is_held_while_its_machine_sleeps_and_the_portal_is_told(stage: Stage) -> None:
    key, port = stage.held()
    visit = Visit(port)
    _knocked(stage)
    assert stage.portal.knocks == [(key, HERE)]
    assert not visit.is_over


def test_it_is_passed_on_with_all_that_it_sent_when_the_machine_is_awake(stage: Stage) -> None:
    key, port = stage.held()
    visit = Visit(port, pattern(3_000_000))  # more than is kept for it
    _knocked(stage)
    stage.wake(key)
    assert visit.end() == pattern(3_000_000)


def test_who_says_nothing_first_hears_the_target(stage: Stage) -> None:
    key, port = stage.held()
    stage.portal.wishes[key]["target_port"] = stage.target("source").port
    with socket.create_connection((HERE, port), timeout=PATIENCE) as visit:
        _knocked(stage)
        stage.wake(key)
        heard = b"".join(iter(lambda: visit.recv(65536), b""))
    assert heard == pattern(Target.SIZE)


def test_who_has_said_all_while_it_was_held_still_hears_the_answer(stage: Stage) -> None:
    key, port = stage.held()
    stage.portal.wishes[key]["target_port"] = stage.target("sink").port
    visit = Visit(port, b"x" * 1000)
    _knocked(stage)
    time.sleep(0.3)
    stage.wake(key)
    assert visit.end() == b"1000"


def test_it_waits_until_the_target_answers_not_only_for_the_wish(stage: Stage) -> None:
    key, port = stage.held()
    target = stage.targets[0].port
    stage.targets[0].close()
    visit = Visit(port)
    _knocked(stage)
    stage.wake(key)
    until(lambda: stage.portal.line(key)["state"] == "open")
    time.sleep(0.5)  # in which it must not be passed on
    assert not visit.is_over
    stage.target(port=target)
    assert visit.end() == b"hello"


def test_who_comes_while_it_wakes_waits_as_well(stage: Stage) -> None:
    key, port = stage.held()
    target = stage.targets[0].port
    stage.targets[0].close()
    stage.wake(key)
    until(lambda: stage.portal.line(key)["state"] == "open")
    visit = Visit(port)
    time.sleep(0.5)
    stage.target(port=target)
    assert visit.end() == b"hello"


def test_a_stranger_is_refused_at_once_and_nobody_is_told(stage: Stage) -> None:
    _key, port = stage.held()

    def refused() -> float:
        visit = Visit(port, source=STRANGER)
        assert visit.end() == b""
        return visit.took

    assert quickest(refused, 1) < 1
    assert stage.portal.knocks == []


def test_the_allow_list_decides_also_for_those_who_may_knock(stage: Stage) -> None:
    _key, port = stage.held(allow=["203.0.113.0/24"], knock=["203.0.113.0/24", f"{HERE}/32"])
    assert Visit(port).end() == b""
    assert stage.portal.knocks == []


def test_strangers_leave_nothing_behind(stage: Stage) -> None:
    _key, port = stage.held()
    agent = psutil.Process(stage.agent.process.pid)
    for _turn in range(200):
        Visit(port, source=STRANGER).end()
    before = agent.memory_info().rss
    for _turn in range(1500):
        Visit(port, source=STRANGER).end()
    assert agent.memory_info().rss - before < 2_000_000  # a channel that was kept for each would be 5 MB


def test_many_visitors_are_one_knock(stage: Stage) -> None:
    _key, port = stage.held()
    began = time.monotonic()
    visits = [Visit(port) for _number in range(6)]
    _knocked(stage)
    time.sleep(1.5)  # in which nobody may knock again: two seconds lie between two knocks of a port
    knocks, took = len(stage.portal.knocks), time.monotonic() - began
    assert knocks <= 1 + took / KNOCK_SECONDS
    assert not any(visit.is_over for visit in visits)


def test_no_more_than_eight_wait_at_a_port(stage: Stage) -> None:
    key, port = stage.held()
    visits = [Visit(port) for _number in range(12)]
    until(lambda: sum(visit.is_over for visit in visits) == 4)
    stage.wake(key)
    assert sorted(visit.end() for visit in visits) == [b""] * 4 + [b"hello"] * 8


def test_who_hangs_up_leaves_a_place_for_others(stage: Stage) -> None:
    key, port = stage.held()
    for _number in range(20):
        socket.create_connection((HERE, port), timeout=PATIENCE).close()

    def is_served() -> bool:
        until(lambda: stage.portal.line(key)["state"] == "held")
        visit = Visit(port)
        stage.wake(key)
        answer = visit.end()
        stage.wake(key, hold=True, probe=False)
        return answer == b"hello"

    until(is_served)  # the agent notices a moment later that somebody has hung up


def test_the_portal_says_no(stage: Stage) -> None:
    stage.portal.answer = {"wakes": False, "seconds": 0, "words": ""}
    _key, port = stage.held()
    visit = Visit(port)
    assert visit.end() == b""
    assert len(stage.portal.knocks) == 1


def test_who_may_no_longer_knock_waits_no_longer(stage: Stage) -> None:
    key, port = stage.held()
    visit = Visit(port)
    _knocked(stage)
    stage.wake(key, hold=True, probe=False, knock=["203.0.113.9/32"])
    assert visit.end() == b""


def test_sleep_cuts_who_is_in_and_holds_who_comes_next(stage: Stage) -> None:
    key, port = stage.opened(knock=[f"{HERE}/32"])
    with socket.create_connection((HERE, port), timeout=PATIENCE) as visit:
        visit.sendall(b"x")
        assert visit.recv(1) == b"x"
        stage.wake(key, hold=True, probe=False)
        with contextlib.suppress(ConnectionError):
            assert visit.recv(1) == b""
    late = Visit(port)
    _knocked(stage)
    assert not late.is_over


def test_an_agent_that_is_killed_while_it_holds_somebody_holds_again_afterwards(stage: Stage) -> None:
    key, port = stage.held()
    visit = Visit(port)
    _knocked(stage)
    stage.agent.kill()
    assert visit.end() == b""
    told = len(stage.portal.reports)
    stage.agent.start()
    until(
        lambda: any(key in r["tunnels"] and r["tunnels"][key]["state"] == "held" for r in stage.portal.reports[told:])
    )
    again = Visit(port)
    _knocked(stage, 2)
    stage.wake(key)
    assert again.end() == b"hello"


def test_while_the_portal_is_away_a_visitor_is_refused_after_a_time_and_nothing_is_stuck(hasty: Stage) -> None:
    key, port = hasty.held()
    hasty.portal.is_ill = True
    visit = Visit(port)
    assert visit.end() == b""
    assert 1.5 < visit.took < PATIENCE  # without these options it would be two minutes
    hasty.portal.is_ill = False
    hasty.wake(key)
    until(
        lambda: Visit(port).end() == b"hello"
    )  # it may hold one more for its two seconds before it asks the portal again


def test_nobody_waits_for_ever(hasty: Stage) -> None:
    _key, port = hasty.held()
    visit = Visit(port)
    assert visit.end() == b""
    assert 1.5 < visit.took < PATIENCE  # without these options it would be two minutes
