"""Idle machines on the real cloud, with real guests: asked, suspended by Nova, woken by ssh; and those that are not idle."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import HASTY
from tests.journeys.idling import SideBySide
from tests.journeys.test_idle import *  # noqa: F403  # the same tests; their `idlers` is ours
from tests.openstack.installation import Installation
from tests.openstack.openstack_stage import IS_OUTSIDE, OpenStackStage
from tests.openstack.test_journey import LOGIN

pytestmark = [
    pytest.mark.xdist_group("idle"),
    pytest.mark.slow,
    pytest.mark.skipif(IS_OUTSIDE, reason="guests are reached from the namespace only: python -m tests.openstack"),
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


@pytest.fixture(scope="module")
def idlers(minga: Installation, tmp_path_factory: pytest.TempPathFactory) -> SideBySide:
    return SideBySide(minga, tmp_path_factory.mktemp("idle")).play()
