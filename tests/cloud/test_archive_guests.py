"""Archives of real guests keep what was written before them, also a moment before."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cloud.contract import Image, Server, ServerSpec
from tests.cloud.conftest import LOCAL
from tests.cloud.local_stage import LocalStage, insist, ssh
from tests.waiting import until


def lets_in(server: Server, key: Path) -> bool:
    return ssh(server, key, "hostname").returncode == 0


def archive(stage: LocalStage, server_id: str) -> Image:
    return until(lambda: (i := insist(stage.cloud.ensure_archived, server_id, "a")).ready and i, "the archive is ready")


@pytest.mark.parametrize("guests", LOCAL)
def test_a_file_survives_there_and_back(
    guests: str, make_stage: Callable[..., LocalStage], make_spec: Callable[..., ServerSpec], key: Path
) -> None:
    stage = make_stage(guests)
    spec = make_spec(stage)
    server = insist(stage.cloud.ensure_server, spec)
    stage.settle()
    server = stage.servers()[0]
    until(lambda: lets_in(server, key), "it lets its owner in")
    ssh(server, key, "echo my thesis > /home/student/thesis")
    insist(stage.cloud.ensure_stopped, server.id)
    stage.settle()
    image = archive(stage, server.id)
    insist(stage.cloud.ensure_deleted, server.id)
    stage.settle()
    insist(stage.cloud.ensure_server, make_spec(stage, machine=spec.machine, image_id=image.id))
    stage.settle()
    back = stage.servers()[0]
    until(lambda: lets_in(back, key), "it lets its owner in again")
    assert ssh(back, key, "cat /home/student/thesis").stdout.strip() == "my thesis"
