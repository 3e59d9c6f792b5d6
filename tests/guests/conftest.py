"""A guest of each kind, booted once for the tests of its file. Collected by `python -m tests.guests` only."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guests import boxes
from tests.guests.boxes import Box, booted

collect_ignore_glob = [] if os.environ.get("MINGA_GUESTS") else ["test_*.py"]


@pytest.fixture(scope="session")
def base() -> Iterator[Path]:
    with boxes.base() as folder:
        yield folder


@pytest.fixture(scope="module")
def bare_sshd(base: Path) -> Iterator[Box]:
    """sshd without what our user-data says, as every guest was before."""
    with booted(base, "bare", "ssh", exempt=()) as box:
        yield box


@pytest.fixture(scope="module")
def sshd(base: Path) -> Iterator[Box]:
    with booted(base, "sshd", "ssh") as box:
        yield box


@pytest.fixture(scope="module")
def bare_fail2ban(base: Path) -> Iterator[Box]:
    with booted(base, "bareban", "ssh", "fail2ban", exempt=()) as box:
        yield box


@pytest.fixture(scope="module")
def fail2ban(base: Path) -> Iterator[Box]:
    with booted(base, "ban", "ssh", "fail2ban") as box:
        yield box


@pytest.fixture(scope="module")
def dropbear(base: Path) -> Iterator[Box]:
    with booted(base, "dropbear", "dropbear") as box:
        yield box
