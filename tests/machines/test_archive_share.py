"""An archive counts in its owner's quota until it runs again or is gone; what the idle rules archive is never refused."""

import threading
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection, transaction

import quotas.actions
from accounts.models import User
from lib.notes import Note
from machines import actions
from machines.models import Machine
from quotas.actions import OverQuota, usage
from quotas.models import Allowance, Grant, Reservation
from tests.database_clients import count_of_waiting
from tests.factories import grant, make_machine
from tests.machines.stepper.archived_machines import used
from tests.machines.world import World
from tests.waiting import until


def archived(world: World, verb: str = "archive") -> Machine:
    machine = world.running()
    getattr(actions, verb)(machine=machine, by=world.student)
    return world.until(machine, "archived")


@pytest.mark.parametrize("verb", ["archive", "bin"])
def test_it_counts_as_an_archive_with_its_ports(world: World, verb: str) -> None:
    archived(world, verb)
    assert used(world.student) == (0, 2, 1, 1)


def test_restored_it_counts_as_a_machine_only(world: World) -> None:
    machine = archived(world)
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "running")
    assert used(world.student) == (1, 2, 0, 0)


def test_deleted_for_good_it_counts_no_more(world: World) -> None:
    machine = archived(world)
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    assert used(world.student) == (0, 0, 0, 0)


def test_launching_and_archiving_again_and_again_ends_with_the_numbers(world: World) -> None:
    Grant.objects.update(archives=2)
    archived(world), archived(world, "bin")
    third = world.running()
    for verb in (actions.archive, actions.bin):
        with pytest.raises(OverQuota, match="You have 2 of your 2 archives"):
            verb(machine=third, by=world.student)
    assert third.state == "running"


def test_its_gigabytes_are_limited_too(world: World) -> None:
    Grant.objects.update(archive_gb=1)
    archived(world)
    with pytest.raises(OverQuota, match=r"needs up to 1\sGB for archives. Free in your quota: 0\sGB of 1\sGB"):
        actions.archive(machine=world.running(), by=world.student)


def test_what_the_idle_rules_archive_is_never_refused(student: User) -> None:
    machine = make_machine(student)
    Grant.objects.update(archives=0, archive_gb=0)
    actions.archive(machine=machine, by=None, why=Note("Nobody used it."))
    assert used(student)[2:] == (1, 1)


@pytest.mark.parametrize(
    ("measure", "words"), [("archives", "1 archive, .*limit is 0"), ("archive_gb", r"take 1\sGB.*limit is 0\sGB")]
)
def test_while_there_are_too_many_nothing_is_launched_or_archived(student: User, measure: str, words: str) -> None:
    machine, other = make_machine(student), make_machine(student)
    actions.archive(machine=machine, by=None)
    Grant.objects.update(**{measure: 0})
    with pytest.raises(OverQuota, match=words):
        actions.launch(owner=student, template=machine.template, name="", by=student)
    with pytest.raises(OverQuota):
        actions.archive(machine=other, by=student)


def test_one_archive_too_many_can_be_restored(world: World) -> None:
    machine = archived(world)
    Grant.objects.update(archives=0)
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "running")
    assert usage(world.student).archives.used == 0


def test_an_archive_may_go_into_the_bin_though_there_is_no_room_for_one_more(world: World) -> None:
    machine = archived(world)
    Grant.objects.update(archives=0)
    actions.bin(machine=machine, by=world.student)
    assert usage(world.student).archives.used == 1


def test_a_mind_changed_before_the_copy_gives_it_back(world: World) -> None:
    machine = world.running()
    actions.archive(machine=machine, by=world.student)
    world.turn()
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "running")
    assert used(world.student) == (1, 2, 0, 0)


def test_what_it_really_takes_is_counted_once_its_image_is_whole(world: World) -> None:
    type(world.template.flavor).objects.update(disk_gb=20)
    world.template.flavor.refresh_from_db()
    machine = world.running()
    actions.archive(machine=machine, by=world.student)
    assert usage(world.student).archive_gb.used == 20
    world.until(machine, "archived")
    assert usage(world.student).archive_gb.used == 1


def test_an_upgrade_counts_the_archives_that_there_are(world: World) -> None:
    machine = archived(world)
    Reservation.objects.all().delete()  # as the version before left it
    migration = import_module("machines.migrations.0012_archive_shares")
    for _twice in range(2):
        migration.count_archives(apps, None)
    assert used(world.student) == (0, 2, 1, 1)
    actions.restore(machine=machine, by=world.student)
    world.until(machine, "running")
    assert used(world.student) == (1, 2, 0, 0)


def test_an_upgrade_gives_room_for_archives_in_proportion(student: User) -> None:
    given = grant(student, machines=3, disk_gb=10, archives=0, archive_gb=0)
    kept = grant(student, machines=3, archives=1)
    import_module("quotas.migrations.0004_archives").give_room(apps, None)
    given.refresh_from_db(), kept.refresh_from_db()
    assert (given.archives, given.archive_gb, kept.archives) == (6, 20, 1)


def test_an_upgrade_bears_a_grant_that_means_without_a_limit(student: User) -> None:
    given = grant(student, machines=2**31 - 1, disk_gb=2**31 - 1, archives=0, archive_gb=0)
    import_module("quotas.migrations.0004_archives").give_room(apps, None)
    given.refresh_from_db()
    assert (given.archives, given.archive_gb) == (2**31 - 1, 2**31 - 1)


@pytest.mark.django_db(transaction=True)
def test_of_two_archived_at_once_into_the_last_place_one_is_refused(student: User) -> None:
    machines = [make_machine(student), make_machine(student)]
    Grant.objects.update(archives=1)
    start, told = threading.Barrier(2), []

    def archive(machine: Machine) -> None:
        start.wait()
        try:
            actions.archive(machine=machine, by=student)
            told.append("")
        except OverQuota as refusal:
            told.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=archive, args=[machine]) for machine in machines]
    [t.start() for t in threads], [t.join() for t in threads]
    assert sorted(map(bool, told)) == [False, True]
    assert usage(student).archives.used == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["archive", "bin", "restore", "rename"])
def test_whoever_waits_for_the_allowance_holds_no_machine(student: User, verb: str) -> None:
    """Hold the order: in the other one, two who wait for each other would be a deadlock."""
    machine = make_machine(student)
    Allowance.objects.get_or_create(user=student)
    if verb == "restore":
        actions.archive(machine=machine, by=student)
    said = {"name": "other"} if verb == "rename" else {}
    waiting = threading.Thread(
        target=_close_after(getattr(actions, verb)), kwargs={"machine": machine, "by": student, **said}
    )
    with transaction.atomic():
        quotas.actions.lock(student)
        waiting.start()
        until(count_of_waiting)
        Machine.objects.select_for_update(nowait=True).get(pk=machine.pk)
    waiting.join()


def _close_after(verb: object) -> object:
    def run(**facts: object) -> None:
        try:
            verb(**facts)  # type: ignore[operator]
        finally:
            connection.close()

    return run
