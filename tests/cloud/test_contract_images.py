"""Every cloud's promises about images and snapshots. Archives and bytes are in test_contract_archive.py."""

from collections.abc import Callable
from typing import Any

from cloud.contract import Server, ServerSpec, Status
from tests.cloud.conftest import look
from tests.cloud.local_stage import insist
from tests.waiting import until

Specs = Callable[..., ServerSpec]


def test_the_disk_of_a_broken_one_can_be_kept(stage: Any, server: Server) -> None:
    stage.break_server(server)
    name = f"kept-of-{server.id}"
    until(lambda: is_kept(stage, server, name), "its image is whole")
    insist(stage.cloud.ensure_not_archived, server.id, name)
    insist(stage.cloud.ensure_deleted, server.id)


def is_kept(stage: Any, server: Server, name: str) -> bool:
    insist(stage.cloud.ensure_archived, server.id, name)
    stage.settle()
    return bool(insist(stage.cloud.ensure_archived, server.id, name).ready)


def test_a_snapshot_is_found_by_its_name(stage: Any, server: Server) -> None:
    made = [insist(stage.cloud.ensure_snapshot, server.id, "for the class") for _ in range(2)]
    stage.settle()
    images = {image.id: image for image in stage.cloud.images()}
    assert made[0].id == made[1].id
    assert images[made[0].id].ready
    insist(stage.cloud.ensure_image_deleted, made[0].id)
    assert made[0].id not in {image.id for image in stage.cloud.images()}


def test_a_server_starts_from_a_snapshot(stage: Any, server: Server, make_spec: Specs) -> None:
    image = insist(stage.cloud.ensure_snapshot, server.id, "to start from")
    stage.settle()
    copy = insist(stage.cloud.ensure_server, make_spec(stage, image_id=image.id))
    stage.settle()
    assert look(stage, copy).status == Status.ACTIVE
    insist(stage.cloud.ensure_deleted, copy.id)
    insist(stage.cloud.ensure_image_deleted, image.id)


def test_an_image_says_what_it_needs_and_whether_it_is_ready(stage: Any) -> None:
    image = next(image for image in stage.cloud.images() if image.id == stage.image_id)
    assert (image.ready, image.status) == (True, "")
    assert all(isinstance(number, int) for number in (image.min_ram_mb, image.min_disk_gb, image.size_bytes))
    assert isinstance(image.checksum, str)


def test_an_image_that_is_being_made_is_listed_with_its_state(stage: Any, server: Server) -> None:
    made = insist(stage.cloud.ensure_snapshot, server.id, f"half-{server.id[:8]}")
    found = next((image for image in stage.cloud.images() if image.id == made.id), None)
    assert found is None or found.ready is (found.status == "")
    stage.settle()
    insist(stage.cloud.ensure_image_deleted, made.id)
