"""The database as it was, and the cloud as it is: nothing of the students is lost, and the cloud is not fought with.

Only the rows count here, so a savepoint of the test's own transaction is the backup. Real files, put back by PostgreSQL's own
programs, are in tests/portal/test_backup.py.
"""

import pytest
from django.db import connection, transaction

from cloud.contract import CloudError, Status
from machines import actions
from machines.models import CloudWatch, Machine, Stray
from machines.reconcile import after_restore
from machines.reconcile.strays import remove_strays
from machines.stepper.server_spec import spec_of
from quotas.actions import usage
from quotas.models import Reservation
from tests.machines.found import spec
from tests.machines.world import World
from tunnels.models import Gateway, Tunnel

pytestmark = pytest.mark.slow


class Backup:
    """Every row as it was when it was saved."""

    def __init__(self, world: World) -> None:
        self.world, self.savepoint = world, ""

    def save(self) -> None:
        self.savepoint = transaction.savepoint()

    def put_back(self) -> None:
        """Put the rows back an hour later, hold them, and compare them with the world's cloud as it is then."""
        self.world.clock.move(3600)
        self.world.cloud.calls.clear()
        transaction.savepoint_rollback(self.savepoint)
        with connection.cursor() as cursor:
            cursor.execute(after_restore.HOLD)
        after_restore.compare_with_cloud(self.world.cloud)


@pytest.fixture
def backup(world: World) -> Backup:
    return Backup(world)


def turns(world: World, machine: Machine, count: int = 12) -> Machine:
    for _turn in range(count):
        world.turn()
    machine.refresh_from_db()
    return machine


def changes(world: World) -> list[str]:
    """Return the calls to the cloud that change a server."""
    return [call[0] for call in world.cloud.calls if call[0].startswith("ensure_") and call[0] != "ensure_ports"]


def test_a_machine_made_since_stays_and_is_shown_to_admins(world: World, backup: Backup) -> None:
    backup.save()
    machine = world.running()
    backup.put_back()
    for _turn in range(5):
        world.turn()
    world.clock.move(10 * 86_400)
    assert remove_strays(world.cloud, world.clock.now) == 0
    assert (Stray.objects.get().kind, world.known(machine)) == ("lost", [machine.server_id])


def test_a_machine_deleted_since_is_gone_and_gives_its_quota_back(world: World, backup: Backup) -> None:
    machine = world.running()
    backup.save()
    world.cloud.vanish(machine.server_id)
    backup.put_back()
    machine.refresh_from_db()
    assert (machine.state, str(machine.note)[:19]) == ("gone", "It no longer exists")
    assert not Reservation.objects.filter(closed_at=None).exists()


def test_a_machine_whose_server_was_replaced_since_takes_over_the_new_one(world: World, backup: Backup) -> None:
    machine = world.running()
    backup.save()
    world.cloud.vanish(machine.server_id)
    new = world.cloud.ensure_server(spec_of(machine))
    world.cloud.settle()
    backup.put_back()
    world.until(machine, "running")
    machine = turns(world, machine)
    hosts = set(Tunnel.objects.of(machine.pk).values_list("target_host", flat=True))
    assert (machine.server_id, hosts, changes(world)) == (new.id, {world.cloud.server(new.id).address}, [])


@pytest.mark.parametrize(("verb", "state"), [("suspend", "suspended"), ("shelve", "shelved")])
def test_a_machine_that_sleeps_now_goes_on_sleeping(world: World, backup: Backup, verb: str, state: str) -> None:
    machine = world.running()
    backup.save()
    getattr(actions, verb)(machine=machine, by=world.student)
    world.until(machine, state)
    backup.put_back()
    machine = turns(world, machine)
    assert (machine.state, machine.wanted, changes(world)) == (state, state, [])


def test_of_a_machine_that_left_its_archive_since_the_server_counts_and_not_the_archive(
    world: World, backup: Backup
) -> None:
    """An archive that stayed the row's own would be kept by the next archiving, and the server with all that was done since deleted."""
    machine = world.running()
    actions.archive(machine=machine, by=world.student)
    world.until(machine, "archived")
    backup.save()
    actions.restore(machine=machine, by=world.student)
    actions.suspend(machine=world.until(machine, "running"), by=world.student)
    world.until(machine, "suspended")
    backup.put_back()
    machine.refresh_from_db()
    used = usage(world.student)
    assert (machine.state, machine.archive_id, used.machines.used, used.archives.used) == ("suspended", "", 1, 0)


def test_a_machine_that_was_woken_since_goes_on_running(world: World, backup: Backup) -> None:
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    backup.save()
    actions.wake(machine=machine, by=world.student)
    world.until(machine, "running")
    backup.put_back()
    world.until(machine, "running")
    assert (machine.wanted, changes(world)) == ("running", [])


@pytest.mark.parametrize("verb", ["reset", "restart"])
def test_a_reset_done_since_is_not_done_again_and_the_next_one_is(world: World, backup: Backup, verb: str) -> None:
    machine = world.running()
    backup.save()
    for _time in range(2):
        getattr(actions, verb)(machine=machine, by=world.student)
        world.until(machine, "running")
    backup.put_back()
    machine = turns(world, machine)
    assert changes(world) == []
    getattr(actions, verb)(machine=machine, by=world.student)
    world.until(machine, "running")
    assert getattr(world.cloud.server(machine.server_id), f"{verb}s") == 3


def test_a_reset_that_the_backup_still_waits_for_is_not_done(world: World, backup: Backup) -> None:
    machine = world.running()
    actions.reset(machine=machine, by=world.student)
    backup.save()
    backup.put_back()
    machine = turns(world, machine)
    assert (machine.state, machine.has_once, changes(world)) == ("running", False, [])


def test_a_delete_that_was_under_way_and_is_done_settles(world: World, backup: Backup) -> None:
    machine = world.running()
    actions.delete(machine=machine, by=world.student)
    world.turn()
    backup.save()
    world.until(machine, "gone")
    backup.put_back()
    machine.refresh_from_db()
    assert machine.state == "gone"


def test_a_delete_that_was_under_way_and_is_not_done_waits_for_a_person(world: World, backup: Backup) -> None:
    machine = world.running()
    actions.delete(machine=machine, by=world.student)
    backup.save()
    backup.put_back()
    machine = turns(world, machine)
    assert (machine.state, changes(world)) == ("failed", [])
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")


def test_a_machine_that_was_being_built_takes_its_server(world: World, backup: Backup) -> None:
    machine = world.launch()
    backup.save()
    world.until(machine, "running")
    backup.put_back()
    world.until(machine, "running")
    assert (len(world.known(machine)), changes(world)) == (1, [])


def test_a_machine_that_waited_for_room_and_never_had_a_server_is_built(world: World, backup: Backup) -> None:
    machine = world.launch()
    backup.save()
    backup.put_back()
    world.until(machine, "running")
    assert changes(world) == ["ensure_server"]


def test_what_broke_since_may_not_be_thrown_away_as_if_it_had_never_run(world: World, backup: Backup) -> None:
    machine = world.launch()
    world.turn()
    backup.save()
    world.until(machine, "running")
    world.cloud.break_server(machine.server_id)
    backup.put_back()
    machine.refresh_from_db()
    actions.retry(machine=machine, by=world.student)
    turns(world, machine)
    assert "ensure_deleted" not in changes(world)


def test_second_servers_are_left_alone_for_a_day(world: World, backup: Backup) -> None:
    machine = world.running()
    backup.save()
    world.cloud._build(spec(str(machine.pk), str(machine.owner.uuid)))
    world.cloud.settle()
    backup.put_back()
    turns(world, machine)
    world.clock.move(3600)
    assert remove_strays(world.cloud, world.clock.now) == 0
    world.clock.move(86_400)
    assert remove_strays(world.cloud, world.clock.now) == 1


def test_ports_of_the_backup_open_again_under_a_revision_that_no_agent_has_heard(world: World, backup: Backup) -> None:
    machine = world.running()
    ports = sorted(Tunnel.objects.of(machine.pk).values_list("port", flat=True))
    backup.save()
    Gateway.objects.update(revision=5000)
    backup.put_back()
    live = Tunnel.objects.of(machine.pk)
    assert sorted(live.values_list("port", flat=True)) == ports
    assert set(live.values_list("wanted", flat=True)) == {"open"}
    assert set(live.values_list("wanted_revision", flat=True)) == {Gateway.objects.get().revision}
    assert Gateway.objects.get().revision > 5000


def test_a_machine_that_the_cloud_cannot_see_just_now_stays_held(world: World, backup: Backup) -> None:
    machine = world.running()
    actions.suspend(machine=machine, by=world.student)
    backup.save()
    world.cloud._by_hand(machine.server_id, status=Status.UNKNOWN)
    backup.put_back()
    turns(world, machine)
    assert (after_restore.is_due(), changes(world)) == (True, [])


def test_a_server_that_is_being_deleted_costs_no_archive(world: World, backup: Backup) -> None:
    """Saved when the image was whole, and put back while Nova deletes the server."""
    machine = world.running()
    Machine.objects.update(state="archiving", wanted="archived", archive_id="image-9")
    backup.save()
    world.cloud.ensure_deleted(machine.server_id)
    backup.put_back()
    machine.refresh_from_db()
    assert (machine.state, machine.archive_id, usage(world.student).archives.used) == ("archived", "image-9", 1)


def test_without_an_archive_it_is_gone(world: World, backup: Backup) -> None:
    machine = world.running()
    backup.save()
    world.cloud.ensure_deleted(machine.server_id)
    backup.put_back()
    machine.refresh_from_db()
    assert (machine.state, machine.vanished) == ("gone", True)


def test_a_server_that_was_given_to_another_machine_since_is_left_to_it(world: World, backup: Backup) -> None:
    machine = world.running()
    backup.save()
    world.cloud._by_hand(machine.server_id, machine="7b1c6f4e-0000-4000-8000-000000000000")
    backup.put_back()
    machine.refresh_from_db()
    assert (machine.state, changes(world)) == ("gone", [])


def test_with_another_cloud_in_the_settings_no_machine_counts_as_deleted(world: World, backup: Backup) -> None:
    machine = world.running()
    CloudWatch.objects.update(cloud_identity="the-other-one")
    backup.save()
    with pytest.raises(CloudError, match="the-other-one"):
        backup.put_back()
    assert (turns(world, machine).state, after_restore.is_due()) == ("running", True)
