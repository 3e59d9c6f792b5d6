"""A backup, a life that goes on, and the backup put back: nothing of the students is lost, and the cloud is not fought with.

The dump is made and read by PostgreSQL's own programs, against the real database of the tests.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from asgiref.sync import SyncToAsync
from django.core.management import CommandError, call_command
from django.db import connection, connections

if TYPE_CHECKING:
    from accounts.models import User
    from machines.models import Machine
    from tests.machines.world import World

pytestmark = pytest.mark.django_db(transaction=True)
Back = Callable[..., None]


@pytest.fixture(autouse=True)
def _alone() -> None:
    """The thread in which Django runs the sync parts of async views keeps its connection for the next test."""
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture
def world(transactional_db: None, student: "User") -> Iterator["World"]:
    from tests.cloud.fake import FakeCloud
    from tests.machines.world import Clock, World

    with time_machine.travel("2026-03-02T10:00:00+00:00", tick=True) as traveller:
        yield World(Clock(traveller), FakeCloud(), student)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "minga.dump"


@pytest.fixture
def back(world: "World", file: Path, monkeypatch: pytest.MonkeyPatch) -> Back:
    """Puts the backup back, an hour later, against the world's cloud as it is then."""
    monkeypatch.setattr("portal.management.commands.restore.open_cloud", lambda: world.cloud)

    def restore(*options: str) -> None:
        world.clock.move(3600)
        world.cloud.calls.clear()
        call_command("restore", str(file), *options, stdout=None)

    return restore


def save(file: Path) -> None:
    call_command("backup", str(file))


def turns(world: "World", machine: "Machine", count: int = 12) -> "Machine":
    for _turn in range(count):
        world.turn()
    machine.refresh_from_db()
    return machine


def changes(world: "World") -> list[str]:
    """What was asked of the cloud that changes a server."""
    return [call[0] for call in world.cloud.calls if call[0].startswith("ensure_") and call[0] != "ensure_ports"]


# ---- the file ----


def test_the_file_is_nobody_elses_to_read(world: "World", file: Path) -> None:
    save(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_backup_is_never_written_over(world: "World", file: Path) -> None:
    file.write_text("yesterday's")
    with pytest.raises(CommandError, match="never written over"):
        save(file)
    assert file.read_text() == "yesterday's"


def test_a_dump_that_fails_leaves_no_file(world: "World", file: Path, settings: Any) -> None:
    connection.settings_dict["PASSWORD"], right = "wrong", connection.settings_dict["PASSWORD"]
    try:
        with pytest.raises(CommandError, match="pg_dump did not succeed"):
            save(file)
    finally:
        connection.settings_dict["PASSWORD"] = right
    assert list(file.parent.iterdir()) == []


def test_of_a_folder_the_newest_are_kept(world: "World", tmp_path: Path) -> None:
    for _day in range(3):
        call_command("backup", str(tmp_path), "--keep", "2")
        world.clock.move(86_400)
    assert [path.name[:14] for path in sorted(tmp_path.iterdir())] == ["minga-20260303", "minga-20260304"]


@pytest.mark.parametrize("part", [0.5, 0.99])
def test_half_a_backup_changes_nothing(world: "World", file: Path, back: Back, part: float) -> None:
    from accounts.models import User

    save(file)
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * part)])
    User.objects.update(first_name="since")
    with pytest.raises(CommandError, match="nothing was changed"):
        back()
    assert User.objects.get().first_name == "since"


def test_an_error_in_the_middle_changes_nothing(world: "World", file: Path) -> None:
    from accounts.models import User
    from portal import backup

    save(file)
    User.objects.update(first_name="since")
    with pytest.raises(backup.BadBackup, match="no_such_table"):
        backup.load(file, backup.tools(), then="DELETE FROM no_such_table;")
    assert User.objects.get().first_name == "since"


def test_a_backup_of_a_newer_minga_is_refused(world: "World", file: Path, back: Back) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('machines', '9999_later', now())")
        save(file)
        cursor.execute("DELETE FROM django_migrations WHERE name = '9999_later'")
    with pytest.raises(CommandError, match="newer Minga"):
        back()


def test_a_table_that_the_backup_does_not_know_is_taken_away(world: "World", file: Path, back: Back) -> None:
    save(file)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE newer (machine uuid REFERENCES machines_machine (id))")
    try:
        back()
        assert "newer" not in connection.introspection.table_names()
    finally:
        with connection.cursor() as cursor:  # or no later test's database could be emptied
            cursor.execute("DROP TABLE IF EXISTS newer")


def test_it_waits_for_nobody_who_is_still_at_work(world: "World", file: Path, back: Back) -> None:
    save(file)
    other = connection.copy()
    other.ensure_connection()
    try:
        with pytest.raises(CommandError, match="Stop web, worker and beat"):
            back()
        back("--force")
    finally:
        other.close()


# ---- the meeting with the cloud ----


def test_what_is_as_it_was_is_left_alone(world: "World", file: Path, back: Back) -> None:
    machine = world.running()
    save(file)
    back()
    machine = turns(world, machine)
    assert (machine.state, machine.is_settled, changes(world)) == ("running", True, [])


def test_a_machine_made_since_stays_and_is_shown_to_admins(world: "World", file: Path, back: Back) -> None:
    from machines.models import Stray
    from machines.strays import remove_strays

    save(file)
    machine = world.running()
    back()
    for _turn in range(5):
        world.turn()
    world.clock.move(10 * 86_400)
    assert remove_strays(world.cloud, world.clock.now) == 0
    assert (Stray.objects.get().kind, world.known(machine)) == ("lost", [machine.server_id])


def test_a_machine_deleted_since_is_gone_and_gives_its_quota_back(world: "World", file: Path, back: Back) -> None:
    from quotas.models import Reservation

    machine = world.running()
    save(file)
    world.cloud.vanish(machine.server_id)
    back()
    machine.refresh_from_db()
    assert (machine.state, str(machine.note)[:19]) == ("gone", "It no longer exists")
    assert not Reservation.objects.filter(closed_at=None).exists()


def test_a_machine_whose_server_was_replaced_since_takes_over_the_new_one(
    world: "World", file: Path, back: Back
) -> None:
    from machines.asking import spec_of
    from tunnels.models import Tunnel

    machine = world.running()
    save(file)
    world.cloud.vanish(machine.server_id)
    new = world.cloud.ensure_server(spec_of(machine))
    world.cloud.settle()
    back()
    world.until(machine, "running")
    machine = turns(world, machine)
    hosts = set(Tunnel.objects.of(machine.pk).values_list("target_host", flat=True))
    assert (machine.server_id, hosts, changes(world)) == (new.id, {world.cloud.server(new.id).address}, [])


@pytest.mark.parametrize(("verb", "state"), [("suspend", "suspended"), ("shelve", "shelved")])
def test_a_machine_that_sleeps_now_goes_on_sleeping(
    world: "World", file: Path, back: Back, verb: str, state: str
) -> None:
    from machines import actions

    machine = world.running()
    save(file)
    getattr(actions, verb)(machine=machine, by=world.student)
    world.until(machine, state)
    back()
    machine = turns(world, machine)
    assert (machine.state, machine.wanted, changes(world)) == (state, state, [])


def test_a_machine_that_was_woken_since_goes_on_running(world: "World", file: Path, back: Back) -> None:
    from machines import actions

    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    save(file)
    actions.wake(machine=machine, by=world.student)
    world.until(machine, "running")
    back()
    world.until(machine, "running")
    assert (machine.wanted, changes(world)) == ("running", [])


@pytest.mark.parametrize("verb", ["reset", "restart"])
def test_a_reset_done_since_is_not_done_again_and_the_next_one_is(
    world: "World", file: Path, back: Back, verb: str
) -> None:
    from machines import actions

    machine = world.running()
    save(file)
    for _time in range(2):
        getattr(actions, verb)(machine=machine, by=world.student)
        world.until(machine, "running")
    back()
    machine = turns(world, machine)
    assert changes(world) == []
    getattr(actions, verb)(machine=machine, by=world.student)
    world.until(machine, "running")
    assert getattr(world.cloud.server(machine.server_id), f"{verb}s") == 3


def test_a_reset_that_the_backup_still_waits_for_is_not_done(world: "World", file: Path, back: Back) -> None:
    from machines import actions

    machine = world.running()
    actions.reset(machine=machine, by=world.student)
    save(file)
    back()
    machine = turns(world, machine)
    assert (machine.state, machine.has_once, changes(world)) == ("running", False, [])


def test_a_delete_that_was_under_way_and_is_done_settles(world: "World", file: Path, back: Back) -> None:
    from machines import actions

    machine = world.running()
    actions.delete(machine=machine, by=world.student)
    world.turn()
    save(file)
    world.until(machine, "gone")
    back()
    machine.refresh_from_db()
    assert machine.state == "gone"


def test_a_delete_that_was_under_way_and_is_not_done_waits_for_a_person(world: "World", file: Path, back: Back) -> None:
    from machines import actions

    machine = world.running()
    actions.delete(machine=machine, by=world.student)
    save(file)
    back()
    machine = turns(world, machine)
    assert (machine.state, changes(world)) == ("failed", [])
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")


def test_a_machine_that_was_being_built_takes_its_server(world: "World", file: Path, back: Back) -> None:
    machine = world.launch()
    save(file)
    world.until(machine, "running")
    back()
    world.until(machine, "running")
    assert (len(world.known(machine)), changes(world)) == (1, [])


def test_a_machine_that_waited_for_room_and_never_had_a_server_is_built(world: "World", file: Path, back: Back) -> None:
    machine = world.launch()
    save(file)
    back()
    world.until(machine, "running")
    assert changes(world) == ["ensure_server"]


def test_what_broke_since_may_not_be_thrown_away_as_if_it_had_never_run(world: "World", file: Path, back: Back) -> None:
    from machines import actions

    machine = world.launch()
    world.turn()
    save(file)
    world.until(machine, "running")
    world.cloud.break_server(machine.server_id)
    back()
    machine.refresh_from_db()
    actions.retry(machine=machine, by=world.student)
    turns(world, machine)
    assert "ensure_deleted" not in changes(world)


def test_second_servers_are_left_alone_for_a_day(world: "World", file: Path, back: Back) -> None:
    from machines.strays import remove_strays
    from tests.machines.test_sweep import _spec

    machine = world.running()
    save(file)
    world.cloud._build(_spec(str(machine.pk)))
    world.cloud.settle()
    back()
    turns(world, machine)
    world.clock.move(3600)
    assert remove_strays(world.cloud, world.clock.now) == 0
    world.clock.move(86_400)
    assert remove_strays(world.cloud, world.clock.now) == 1


def test_ports_of_the_backup_open_again_under_a_revision_that_no_agent_has_heard(
    world: "World", file: Path, back: Back
) -> None:
    from tunnels.models import Gateway, Tunnel

    machine = world.running()
    ports = sorted(Tunnel.objects.of(machine.pk).values_list("port", flat=True))
    save(file)
    Gateway.objects.update(revision=5000)
    back()
    live = Tunnel.objects.of(machine.pk)
    assert sorted(live.values_list("port", flat=True)) == ports
    assert set(live.values_list("wanted", flat=True)) == {"open"}
    assert set(live.values_list("wanted_revision", flat=True)) == {Gateway.objects.get().revision}
    assert Gateway.objects.get().revision > 5000


def test_while_the_cloud_is_down_nothing_is_done_to_any_machine(world: "World", file: Path, back: Back) -> None:
    from machines import actions

    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    save(file)
    world.cloud.busy = True
    with pytest.raises(CommandError, match="restore --meet"):
        back()
    world.cloud.busy = False
    assert turns(world, machine).state == "running"
    assert changes(world) == []
    call_command("restore", "--meet")
    assert (turns(world, machine).wanted, changes(world)) == ("running", [])


def test_a_machine_that_the_cloud_cannot_see_just_now_stays_held(world: "World", file: Path, back: Back) -> None:
    from cloud.contract import Status
    from machines import actions, restored

    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    save(file)
    world.cloud._by_hand(machine.server_id, status=Status.UNKNOWN)
    back()
    turns(world, machine)
    assert (restored.is_due(), changes(world)) == (True, [])


def test_a_server_that_was_given_to_another_machine_since_is_left_to_it(world: "World", file: Path, back: Back) -> None:
    machine = world.running()
    save(file)
    world.cloud._by_hand(machine.server_id, machine="7b1c6f4e-0000-4000-8000-000000000000")
    back()
    machine.refresh_from_db()
    assert (machine.state, changes(world)) == ("gone", [])


def test_with_another_cloud_in_the_settings_no_machine_counts_as_deleted(
    world: "World", file: Path, back: Back
) -> None:
    from machines import restored
    from machines.models import Watch

    machine = world.running()
    Watch.objects.update(cloud_identity="the-other-one")
    save(file)
    with pytest.raises(CommandError, match="the-other-one"):
        back()
    assert (turns(world, machine).state, restored.is_due()) == ("running", True)
