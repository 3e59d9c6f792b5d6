"""A connection carries many ports."""

from pathlib import Path

import psutil
import pytest

from tests.tunnels.agent_stage import SSHD, staged
from tests.tunnels.targets import exchange
from tests.waiting import until

MANY = 300


@pytest.mark.parametrize(
    "kind", ["embedded", pytest.param("openssh", marks=pytest.mark.skipif(not SSHD, reason="no sshd"))]
)
def test_three_hundred_ports_open_on_one_connection(tmp_path: Path, kind: str) -> None:
    with staged(tmp_path, kind, MANY) as stage:
        target = stage.target().port
        keys = [stage.portal.wish(stage.first + number, target) for number in range(MANY)]
        until(lambda: stage.portal.is_open(*keys))
        assert exchange(stage.first) == exchange(stage.first + MANY - 1) == b"hello"
        to_vps = [
            c
            for c in psutil.Process(stage.agent.process.pid).net_connections()
            if c.raddr and c.raddr.port == stage.vps_port
        ]
        assert len(to_vps) == 1
