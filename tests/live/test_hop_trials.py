"""Look-ups of a gateway's name: that it has no address is told from a name server that does not answer."""

import socket
import time
from typing import Any

import pytest

from portal.live.checks import hop_trials

PORT = 22


def answers(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    """Let the system answer each look-up so: an error is raised, seconds are waited."""

    def look_up(*_values: Any, **_named: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        time.sleep(answer)  # a name server that is slow
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_NODATA])
async def test_a_name_without_an_address_is_named_so(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    answers(monkeypatch, socket.gaierror(code, "no"))
    assert (await hop_trials.look_up("labs.example", PORT))[0].fault == "no_address"
    assert await hop_trials.has_ssh(("labs.example", PORT)) is False


async def test_what_can_be_no_name_has_no_address() -> None:
    assert (await hop_trials.look_up("x" * 64 + ".example", PORT))[0].fault == "no_address"


@pytest.mark.parametrize("code", [socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM])
async def test_a_name_server_that_gives_no_answer_is_named_so(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    answers(monkeypatch, socket.gaierror(code, "later"))
    assert (await hop_trials.look_up("labs.example", PORT))[0].fault == "name_unheard"
    assert await hop_trials.has_ssh(("labs.example", PORT)) is None


async def test_a_name_server_that_is_too_slow_is_named_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hop_trials, "NAME_SECONDS", 0.05)
    answers(monkeypatch, 0.3)
    assert (await hop_trials.look_up("labs.example", PORT))[0].fault == "name_unheard"
