"""Every cloud's promises about switching off, archives, and an image's bytes."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cloud.contract import CloudGone, CloudRefused, Image, Server, ServerSpec, Status
from tests.cloud.conftest import look
from tests.cloud.local_stage import insist
from tests.waiting import until

Specs = Callable[..., ServerSpec]
Resting = ["suspended", "stopped", "shelved"]


def put_to_rest(stage: Any, server: Server, how: str) -> None:
    if how != "running":
        insist(getattr(stage.cloud, f"ensure_{how}"), server.id)
        stage.settle()


def archived(stage: Any, server_id: str, name: str) -> Image:
    """Ask for the archive until it is ready, as the life cycle does."""

    def ready() -> Image | None:
        image: Image = insist(stage.cloud.ensure_archived, server_id, name)
        stage.settle()
        return image if image.ready else None

    return until(ready, "the archive is ready")


@pytest.fixture
def name(stage: Any) -> Iterator[str]:
    """The name of an archive, which is deleted after the test, whatever became of its server."""
    name = f"minga-test-{uuid.uuid4()}"
    yield name
    insist(stage.cloud.ensure_not_archived, "no-such-server", name)


def test_it_is_switched_off_and_on(stage: Any, server: Server) -> None:
    for _ in range(2):
        insist(stage.cloud.ensure_stopped, server.id)
        stage.settle()
    off = look(stage, server)
    assert (off.status, off.host) == (Status.STOPPED, server.host)
    insist(stage.cloud.ensure_running, server.id)
    stage.settle()
    assert (look(stage, server).status, look(stage, server).address) == (Status.ACTIVE, server.address)


def test_one_that_sleeps_is_not_switched_off(stage: Any, server: Server) -> None:
    put_to_rest(stage, server, "suspended")
    with pytest.raises(CloudRefused):
        insist(stage.cloud.ensure_stopped, server.id)
    insist(stage.cloud.ensure_running, server.id)


@pytest.mark.parametrize("how", ["running", *Resting])
def test_an_archive_outlives_its_server(stage: Any, server: Server, make_spec: Specs, name: str, how: str) -> None:
    put_to_rest(stage, server, how)
    image = archived(stage, server.id, name)
    insist(stage.cloud.ensure_deleted, server.id)
    stage.settle()
    assert insist(stage.cloud.ensure_archived, server.id, name).id == image.id
    copy = insist(stage.cloud.ensure_server, make_spec(stage, machine=server.machine, image_id=image.id))
    stage.settle()
    assert look(stage, copy).status == Status.ACTIVE
    insist(stage.cloud.ensure_deleted, copy.id)
    for _ in range(2):
        insist(stage.cloud.ensure_image_deleted, image.id)
    with pytest.raises(CloudGone):
        insist(stage.cloud.image_size, image.id)


@pytest.mark.parametrize("how", ["running", *Resting])
def test_an_archive_can_be_taken_back_and_the_server_lacks_nothing(
    stage: Any, server: Server, name: str, how: str
) -> None:
    put_to_rest(stage, server, how)
    archived(stage, server.id, name)
    for _ in range(2):
        insist(stage.cloud.ensure_not_archived, server.id, name)
    insist(stage.cloud.ensure_running, server.id)
    stage.settle()
    assert (look(stage, server).status, look(stage, server).address) == (Status.ACTIVE, server.address)


def test_an_archive_is_no_image_to_choose(stage: Any, server: Server, name: str) -> None:
    image = archived(stage, server.id, name)
    assert image.id not in {one.id for one in stage.cloud.images()}


def test_a_rebuild_from_an_archive_keeps_id_and_address(
    stage: Any, server: Server, make_spec: Specs, name: str
) -> None:
    image, number = archived(stage, server.id, name), server.resets + 1
    spec = make_spec(stage, machine=server.machine, image_id=image.id)
    for _ in range(2):
        insist(stage.cloud.ensure_rebuilt, server.id, spec, number)
        stage.settle()
    now = look(stage, server)
    assert (now.id, now.resets, now.status, now.address) == (server.id, number, Status.ACTIVE, server.address)


def test_a_rebuild_from_an_archive_that_is_gone_leaves_the_server_as_it_is(
    stage: Any, server: Server, make_spec: Specs, name: str
) -> None:
    image = archived(stage, server.id, name)
    insist(stage.cloud.ensure_image_deleted, image.id)
    spec = make_spec(stage, machine=server.machine, image_id=image.id)
    with pytest.raises((CloudGone, CloudRefused)):
        insist(stage.cloud.ensure_rebuilt, server.id, spec, server.resets + 1)
    stage.settle()
    now = look(stage, server)
    assert (now.resets, now.status) == (server.resets, Status.ACTIVE)


def test_there_is_no_archive_of_a_server_that_is_gone(stage: Any) -> None:
    with pytest.raises(CloudGone):
        insist(stage.cloud.ensure_archived, "no-such-server", "nothing")


def read(stage: Any, image_id: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join(stage.cloud.read_image(image_id, start, length))


def test_an_images_bytes_are_read_whole_and_in_parts(stage: Any, server: Server, name: str) -> None:
    image = archived(stage, server.id, name)
    size = insist(stage.cloud.image_size, image.id)
    whole = read(stage, image.id)
    assert (len(whole), image.size_bytes) == (size, size)
    middle = size // 3
    assert read(stage, image.id, middle) == whole[middle:]
    assert read(stage, image.id, middle, 100) == whole[middle : middle + 100]
    assert (read(stage, image.id, size), read(stage, image.id, 0, 0)) == (b"", b"")


def test_a_disk_is_a_qcow2_where_there_is_one(stage: Any, server: Server, name: str) -> None:
    image = archived(stage, server.id, name)
    magic = read(stage, image.id, 0, 4)
    assert (magic == b"QFI\xfb") == (image.disk_format == "qcow2" and stage.cloud.kind != "simulated")


def test_an_image_that_is_gone_has_no_bytes(stage: Any) -> None:
    nobodys = str(uuid.uuid4())
    for ask in (lambda: stage.cloud.image_size(nobodys), lambda: next(iter(stage.cloud.read_image(nobodys)))):
        with pytest.raises(CloudGone):
            insist(ask)


def test_what_the_cloud_keeps_of_one_that_is_put_away_is_not_ours(stage: Any, server: Server) -> None:
    assert insist(stage.cloud.kept_image, server.id) is None
    put_to_rest(stage, server, "shelved")
    kept = insist(stage.cloud.kept_image, server.id)
    assert kept is None or read(stage, kept.id, 0, 4) == b"QFI\xfb"
    insist(stage.cloud.ensure_running, server.id)
