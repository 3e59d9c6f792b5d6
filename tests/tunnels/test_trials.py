"""Trial visits: the portal's own is answered by the agent and counts nothing; whoever comes meanwhile is served as ever."""

import json
import socket
import time

import pytest

from tests.tunnels.dial_fixtures import echo as echo
from tests.tunnels.dial_fixtures import live as live
from tests.tunnels.dial_fixtures import stage as stage
from tests.tunnels.dial_fixtures import vps as vps
from tests.tunnels.dial_stage import DialStage
from tests.tunnels.targets import HERE, Target, exchange, pattern
from tests.waiting import PATIENCE, until
from tunnels.agent.protocol import trial_answer
from tunnels.agent.trials import LOOK_SECONDS
from tunnels.dial_actions import dial
from tunnels.lifecycle import next_revision
from tunnels.models import Dial, Gateway, Tunnel

pytestmark = [
    pytest.mark.urls("tests.tunnels.urls"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("tunnels-dialing"),
    pytest.mark.slow,
]


def expected(stage: DialStage, tunnel: Tunnel) -> str:
    """Let the agent expect a trial. Return what that says first."""
    asked = dial(tunnel_id=tunnel.pk, by=None, trial=True)

    async def met() -> None:
        async with stage.dials.paired(asked.key) as (side, _sock, _cut):
            await side.wait()
            assert json.loads(side.opening)["trial"]

    stage.in_live(met())
    return asked.trial_word


def said_to(port: int, words: bytes, source: str = HERE) -> bytes:
    try:
        return exchange(port, words, seconds=PATIENCE, source=source)
    except ConnectionError:
        return b"refused"


@pytest.mark.parametrize("allow", [[], ["192.0.2.0/24"]], ids=["to all", "to some"])
def test_it_is_answered_once_whoever_is_let_in(stage: DialStage, echo: Target, allow: list[str]) -> None:
    tunnel = stage.tunnel(echo.port)
    Tunnel.objects.update(allow=allow)
    next_revision(stage.gateway.pk)
    until(lambda: said_to(tunnel.port, b"hello") == (b"" if allow else b"hello"))
    word, before = expected(stage, tunnel), echo.visitors
    answers = [said_to(tunnel.port, word.encode()) for _ in range(2)]
    assert answers == [trial_answer(word), b"" if allow else word.encode()]
    assert echo.visitors - before == (0 if allow else 1)


def test_others_are_passed_on_meanwhile_with_all_that_they_said(stage: DialStage, echo: Target) -> None:
    tunnel = stage.tunnel(echo.port)
    expected(stage, tunnel)
    data = pattern(3_000_000)
    assert said_to(tunnel.port, data) == data
    assert said_to(tunnel.port, b"MINGA-TRIAL-") == b"MINGA-TRIAL-"


def test_who_waits_to_be_spoken_to_is_passed_on_after_a_moment(stage: DialStage) -> None:
    target = Target("source")
    tunnel = stage.tunnel(target.port)
    expected(stage, tunnel)
    with socket.create_connection((HERE, tunnel.port), timeout=PATIENCE) as visit:
        began = time.monotonic()
        assert visit.recv(1)
        assert time.monotonic() - began >= LOOK_SECONDS / 2
    target.close()


def test_what_they_send_is_counted(stage: DialStage, echo: Target) -> None:
    tunnel = stage.tunnel(echo.port)
    word = expected(stage, tunnel)
    assert said_to(tunnel.port, b"x" * 1000) == b"x" * 1000
    said_to(tunnel.port, word.encode())
    before = Gateway.objects.get().seq
    next_revision(stage.gateway.pk)
    until(lambda: Gateway.objects.get().seq > before)
    until(lambda: Tunnel.objects.get().bytes_in)
    assert (Tunnel.objects.get().bytes_in, Tunnel.objects.get().bytes_out) == (1000, 1000)


def test_a_word_is_not_stored_and_not_the_tickets(stage: DialStage, echo: Target) -> None:
    tunnel = stage.tunnel(echo.port)
    asked = dial(tunnel_id=tunnel.pk, by=None, trial=True)
    plain = dial(tunnel_id=tunnel.pk, by=None)
    stored = repr(list(Dial.objects.values()))
    assert plain.trial_word == ""
    assert asked.trial_word not in stored
    assert asked.trial_word != dial(tunnel_id=tunnel.pk, by=None, trial=True).trial_word
