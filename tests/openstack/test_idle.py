"""Idle machines on the real cloud, with real guests: asked, suspended by Nova, woken by ssh; and those that are not idle."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import HASTY
from tests.journeys.idling import Idler, is_asked_and_not_cut, sleeps_and_is_woken, works_and_is_left_alone
from tests.openstack.installation import Installation
from tests.openstack.stage import NAMESPACE, OpenStackStage
from tests.openstack.test_journey import LOGIN

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        Path("/run/netns", NAMESPACE).exists()
        and Path("/run/netns", NAMESPACE).stat().st_ino != Path("/proc/self/ns/net").stat().st_ino,
        reason="guests are reached from the namespace only: python -m tests.openstack",
    ),
]


@pytest.fixture(scope="module")
def minga(stage: OpenStackStage) -> Iterator[Installation]:
    folder = Path(tempfile.mkdtemp(prefix="minga-", dir="/tmp"))  # short, for sockets
    folder.chmod(0o755)
    installation = Installation(folder / "data", **HASTY)
    try:
        installation.start()
        installation.django(f"from catalog.models import Image; Image.objects.update(login={LOGIN!r})")
        yield installation
    finally:
        installation.leave_nothing()
        if not os.environ.get("MINGA_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def idler(minga: Installation, tmp_path: Path) -> Iterator[Idler]:
    machine = Idler(minga, tmp_path)
    yield machine
    machine.leave()


def test_a_machine_that_nobody_uses_sleeps_and_ssh_wakes_it(idler: Idler) -> None:
    sleeps_and_is_woken(idler)


def test_one_that_computes_without_a_connection_is_left_alone(idler: Idler) -> None:
    works_and_is_left_alone(idler)


async def test_an_open_silent_session_is_asked_and_not_cut(idler: Idler) -> None:
    await is_asked_and_not_cut(idler)
