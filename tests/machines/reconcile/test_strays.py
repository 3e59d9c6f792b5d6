"""The list of servers without a machine is what the last whole list of the cloud said."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cloud.contract import CloudRefused
from machines import actions
from machines.models import Machine, Stray
from machines.reconcile import overlap
from machines.reconcile.strays import keep_strays, remove_strays
from tests.cloud.fake import FakeCloud
from tests.machines.found import found, spec
from tests.machines.world import World


def whole_list(world: World) -> None:
    world.turn()  # the first makes the Watch, which begins a moment later
    world.clock.move(61)
    world.turn()


def test_a_server_of_other_people_is_told_with_what_one_recognises_it_by(world: World) -> None:
    server = found(world.cloud, "mail")
    whole_list(world)
    stray = Stray.objects.get(server_id=server.id)
    assert (stray.kind, stray.name, stray.status) == ("other", "mail", "active")
    assert (stray.vcpus, stray.ram_mb, stray.flavor_name, bool(stray.address)) == (1, 256, "tiny", True)


def test_a_tag_that_no_row_knows_is_of_a_lost_machine(world: World) -> None:
    world.cloud.ensure_server(spec(str(uuid4())))
    whole_list(world)
    assert Stray.objects.get().kind == "lost"


def test_a_list_of_changes_says_nothing_of_strays(world: World) -> None:
    whole_list(world)
    found(world.cloud)
    world.clock.move(16)
    world.turn()
    assert not Stray.objects.exists()


def test_a_machine_whose_server_has_no_number_yet_makes_no_stray(world: World) -> None:
    machine = world.launch()
    keep_strays([world.cloud.ensure_server(spec(str(machine.pk)))], world.clock.now)
    assert not Stray.objects.exists()


def test_a_server_that_left_is_closed_and_one_that_comes_back_is_open_again(world: World) -> None:
    server = found(world.cloud)
    keep_strays([server], world.clock.now)
    keep_strays([], world.clock.now)
    assert not Stray.objects.open().exists()
    keep_strays([server], world.clock.now)
    assert Stray.objects.open().get().gone_at is None


def test_what_changed_is_taken_over(world: World) -> None:
    server = found(world.cloud, "old")
    keep_strays([server], world.clock.now)
    world.cloud.ensure_renamed(server.id, "new")
    keep_strays([world.cloud.server(server.id)], world.clock.now)
    assert Stray.objects.get().name == "new"


@pytest.mark.parametrize("changes", [False, True])
def test_its_queries_do_not_grow_with_the_servers(world: World, changes: bool) -> None:
    counts = []
    for number in (3, 30):
        servers = [found(world.cloud, f"s{n}") for n in range(number)]
        if not changes:
            keep_strays(servers, world.clock.now)
        with CaptureQueriesContext(connection) as seen:
            keep_strays(servers, world.clock.now)
        counts.append(len(seen))
        Stray.objects.all().delete()
    # One reads which rows rest after a failure; one of the six is the savepoint of the one write.
    most = 6 if changes else 3
    assert counts[0] == counts[1] <= most, counts


def test_nothing_is_written_while_nothing_changes(world: World) -> None:
    servers = [found(world.cloud)]
    keep_strays(servers, world.clock.now)
    with CaptureQueriesContext(connection) as seen:
        keep_strays(servers, world.clock.now)
    assert all(query["sql"].startswith("SELECT") for query in seen)


def test_other_peoples_servers_and_lost_ones_are_never_removed(world: World) -> None:
    found(world.cloud)
    world.cloud.ensure_server(spec(str(uuid4())))
    whole_list(world)
    world.clock.move(1_000_000)
    assert remove_strays(world.cloud, world.clock.now) == 0
    assert world.called("ensure_deleted") == 0


def test_a_second_server_is_asked_to_go_again_while_it_stays(world: World) -> None:
    _second(world)
    assert remove_strays(world.cloud, world.clock.now) == 1
    assert remove_strays(world.cloud, world.clock.now) == 0
    world.clock.move(121)
    assert remove_strays(world.cloud, world.clock.now) == 1


def test_while_the_cloud_is_busy_nothing_counts_as_asked(world: World) -> None:
    _second(world)
    world.cloud.busy = True
    assert remove_strays(world.cloud, world.clock.now) == 0
    world.cloud.busy = False
    assert remove_strays(world.cloud, world.clock.now) == 1


def test_one_that_the_cloud_keeps_does_not_keep_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = _second(world)
    _second(world)
    delete = FakeCloud.ensure_deleted

    def refuses(cloud: FakeCloud, server_id: str) -> None:
        if server_id == kept:
            raise CloudRefused("It is locked.")
        delete(cloud, server_id)

    monkeypatch.setattr(FakeCloud, "ensure_deleted", refuses)
    assert remove_strays(world.cloud, world.clock.now) == 1


def test_what_a_living_machine_has_is_not_removed(world: World) -> None:
    twin = _second(world)
    Machine.objects.update(server_id=twin)
    assert remove_strays(world.cloud, world.clock.now) == 0


def test_the_server_of_a_deleted_machine_is_a_second_one(world: World) -> None:
    machine = world.running()
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    server = world.cloud._build(spec(str(machine.pk)))
    keep_strays([server], world.clock.now)
    assert Stray.objects.get().kind == "second"


def test_one_that_vanished_under_the_version_before_is_no_second_one(world: World) -> None:
    """A worker of 0.2.0, during an upgrade, writes the note and knows of no column."""
    machine = world.running()
    gone = {"state": "gone", "wanted": "gone", "vanished": False, "state_note": {"text": overlap.VANISHED}}
    Machine.objects.filter(pk=machine.pk).update(**gone)
    keep_strays([world.cloud.server(machine.server_id)], world.clock.now)
    assert Stray.objects.get().kind == "lost"


def test_a_row_is_forgotten_a_month_after_its_server_left(world: World) -> None:
    keep_strays([found(world.cloud)], world.clock.now)
    keep_strays([], world.clock.now)
    world.clock.move(31 * 24 * 3600)
    remove_strays(world.cloud, world.clock.now)
    assert not Stray.objects.exists()


def _second(world: World) -> str:
    """Return the id of a second server of a running machine, seen and past its grace."""
    machine = world.running()
    twin = world.cloud._build(spec(str(machine.pk)))
    whole_list(world)
    world.clock.move(121)
    return twin.id
