"""Archives on the real cloud: nothing of a server is left but its image, and it comes back with what was in it."""

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from cloud.contract import CloudGone
from tests.cloud.stage import insist
from tests.openstack.stage import OpenStackStage

if TYPE_CHECKING:
    from accounts.models import User
    from tests.openstack.world import RealWorld

pytestmark = [pytest.mark.xdist_group("archives"), pytest.mark.django_db]


@pytest.fixture
def world(stage: OpenStackStage, student: "User") -> "RealWorld":
    from tests.openstack.world import RealWorld

    return RealWorld(stage, student)


@pytest.mark.parametrize("verb", ["", "suspend", "shelve"])
def test_there_and_back_again(world: "RealWorld", stage: OpenStackStage, verb: str) -> None:
    from machines import actions, copies

    machine = world.running()
    if verb:
        getattr(actions, verb)(machine=machine, by=world.student)
        world.until(machine, {"suspend": "suspended", "shelve": "shelved"}[verb])
    actions.archive(machine=machine, by=world.student)
    world.until(machine, "archived")
    archive = machine.archive_id
    assert world.known_servers(machine) == []
    copy = copies.ready(machine)
    assert copy.size_bytes == insist(stage.cloud.image_size, archive)
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "running")
    assert stage.cloud.desk.verbs.get(machine.server_id)["image"]["id"] == archive
    copies.tidy(stage.cloud, timezone.now())
    with pytest.raises(CloudGone):
        insist(stage.cloud.image_size, archive)


def test_one_put_away_is_downloaded_from_what_nova_keeps(
    world: "RealWorld", stage: OpenStackStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from machines import actions, copies

    monkeypatch.setattr(copies, "open_cloud", lambda: stage.cloud)
    machine = world.running()
    actions.shelve(machine=machine, by=world.student)
    world.until(machine, "shelved")
    copies.ask(machine=machine, by=world.student)
    copies.tend(stage.cloud, timezone.now())
    copy = copies.ready(machine)
    assert copy.borrowed
    middle = copy.size_bytes // 2
    whole = b"".join(copies.read(copy, 0, copy.size_bytes))
    assert whole.startswith(b"QFI\xfb")
    assert b"".join(copies.read(copy, middle, copy.size_bytes)) == whole[middle:]
    actions.wake(machine=machine, by=world.student)
    world.until(machine, "running")


def test_glance_itself_sends_ranges(stage: OpenStackStage) -> None:
    wire = stage.cloud.wire
    answer = wire.connection.image.get(
        f"/images/{stage.image_id}/file", headers={"Range": "bytes=100-199"}, raise_exc=False, stream=True
    )
    with answer:
        assert (answer.status_code, answer.headers["Content-Range"].split("/")[0]) == (206, "bytes 100-199")
        assert len(answer.raw.read()) == 100
