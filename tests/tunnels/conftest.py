"""Fixtures of the tunnels' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tunnels.stage import SSHD, Stage, staged

KINDS = ["embedded", pytest.param("openssh", marks=pytest.mark.skipif(not SSHD, reason="no sshd on this machine"))]


@pytest.fixture(params=KINDS)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """Once in front of the embedded VPS, once in front of OpenSSH's own server."""
    with staged(tmp_path, request.param) as stage:
        yield stage
