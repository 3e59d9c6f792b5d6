"""Simulated guests say what they are, show nothing of the host, and count what they serve."""

from pathlib import Path

import pytest

from cloud.contract import Diagnostics, Server
from tests.cloud.local_stage import LocalStage, ssh

pytestmark = [
    pytest.mark.parametrize("stage", ["simulated"], indirect=True),
    pytest.mark.xdist_group("guests-simulated"),
]


def test_a_simulated_machine_says_so(stage: LocalStage, server: Server, key: Path) -> None:
    assert "simulated" in ssh(server, key, "help").stdout
    assert "simulated" in ssh(server, key, "ping example.org").stderr


def test_a_simulated_machine_never_shows_the_host(stage: LocalStage, server: Server, key: Path) -> None:
    assert ssh(server, key, "cat /etc/passwd").returncode == 1
    assert "root" not in ssh(server, key, "cat /proc/self/environ /root/.ssh/authorized_keys").stdout
    assert ssh(server, key, "cat $(hostname) `id` ../../etc/shadow").returncode == 1


def test_a_simulated_machine_counts_what_it_serves(stage: LocalStage, server: Server, key: Path) -> None:
    before = stage.cloud.diagnostics([server.id])[server.id]
    ssh(server, key, "echo 12345 > /tmp/x")
    after: Diagnostics = stage.cloud.diagnostics([server.id])[server.id]
    assert (after.disk_write_bytes or 0) - (before.disk_write_bytes or 0) == 6
    assert (after.nic_rx_bytes or 0) > (before.nic_rx_bytes or 0)
