"""Tests of what is read of processes that go on meanwhile."""

import socket
from pathlib import Path

import pytest

from tests.processes import open_sockets


def test_a_file_that_is_closed_while_it_is_looked_at_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:
        files = [*Path("/proc/self/fd").iterdir(), Path("/proc/self/fd/99999")]
        monkeypatch.setattr(Path, "iterdir", lambda folder: files)
        assert Path(f"/proc/self/fd/{held.fileno()}").readlink().name in open_sockets("self")
