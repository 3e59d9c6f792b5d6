"""Terminals, from a viewer's websocket to the shell of a real sshd."""

import contextlib
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from machines.models import Machine
from portal.live.terminals import shells
from tests.live.process import LiveProcess
from tests.live.terminals.guest_fixtures import home as home
from tests.live.terminals.guest_fixtures import machine as machine
from tests.live.terminals.guest_fixtures import opened as opened
from tests.live.terminals.guest_stage import View, view
from tests.machines.idle.guest import can_run
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("live-terminals"),
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root for terminals of its own"),
]


@pytest.fixture(params=["tmux", "plain"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "plain":
        monkeypatch.setattr(shells, "has_tmux", _none)
    return str(request.param)


async def _none(_connection: Any) -> bool:
    return False


def test_what_is_typed_reaches_the_shell_and_its_output_comes_back(kind: str, opened: View) -> None:
    opened.type("echo $((6*7))-ñandú\n")
    opened.shows("42-ñandú")
    assert opened.of("open")[0]["survives"] == (kind == "tmux")
