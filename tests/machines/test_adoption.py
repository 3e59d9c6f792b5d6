"""A server that the cluster has already becomes a person's machine."""

from uuid import uuid4

import pytest

from accounts.models import User
from cloud.contract import CloudRefused
from lib.notes import Refusal
from machines import actions
from machines.adoption import NoPerson, NotToGive, Taken, adopt, find_person, likely_template, owner_of
from machines.models import Machine, Stray
from machines.reconcile.strays import keep_strays, remove_strays
from machines.stepper import worker
from quotas.actions import OverQuota
from quotas.models import Allowance, Grant, Reservation
from tests.cloud.fake import FakeCloud, LosesReply, LosesRequest
from tests.factories import grant, make_template
from tests.machines.found import given, spec, stray_of
from tests.machines.world import World
from tunnels.models import Tunnel


@pytest.mark.parametrize(
    ("status", "state"),
    [("active", "running"), ("suspended", "suspended"), ("stopped", "suspended"), ("shelved", "shelved")],
)
def test_it_becomes_what_its_server_is(world: World, status: str, state: str) -> None:
    machine = given(world, stray_of(world, status=status))
    world.until(machine, state)
    assert world.cloud.server(machine.server_id).status == status


@pytest.mark.parametrize("status", ["active", "suspended", "stopped"])
def test_the_cloud_is_told_whose_it_is(world: World, status: str) -> None:
    machine = given(world, stray_of(world, status=status))
    for _turn in range(3):
        world.turn()
    server = world.cloud.server(machine.server_id)
    assert (server.machine, server.owner) == (str(machine.pk), str(world.student.uuid))


def test_one_that_is_put_away_is_marked_when_it_wakes_before_its_ports_open(world: World) -> None:
    machine = world.until(given(world, stray_of(world, status="shelved")), "shelved")
    assert world.called("ensure_adopted") == 0
    actions.wake(machine=machine, by=world.student)
    world.until(machine, "running")
    verbs = [call[0] for call in world.cloud.calls if call[0].startswith("ensure_")]
    assert verbs == ["ensure_running", "ensure_adopted", "ensure_ports"]


def test_one_that_is_put_away_and_does_not_wake_keeps_its_server(world: World) -> None:
    machine = world.until(given(world, stray_of(world, status="shelved")), "shelved")
    actions.wake(machine=machine, by=world.student)
    world.turn()
    Machine.objects.filter(pk=machine.pk).update(state="failed")
    machine.refresh_from_db()
    actions.retry(machine=machine, by=world.student)
    world.until(machine, "running")
    assert len(world.cloud.living) == 1


def test_one_that_is_put_away_and_failed_waits_for_room_on_a_full_cluster(world: World) -> None:
    machine = world.until(given(world, stray_of(world, status="shelved")), "shelved")
    actions.wake(machine=machine, by=world.student)
    Machine.objects.filter(pk=machine.pk).update(state="failed")
    machine.refresh_from_db()
    actions.retry(machine=machine, by=world.student)
    world.cloud.full = True
    world.turn()
    machine.refresh_from_db()
    assert machine.state == "queued"


def test_its_ports_open_only_after_the_cloud_was_told(world: World) -> None:
    machine = world.until(given(world, stray_of(world)), "running")
    verbs = [call[0] for call in world.cloud.calls if call[0].startswith("ensure_")]
    assert verbs == ["ensure_adopted", "ensure_ports"]
    assert {t.state for t in Tunnel.objects.of(machine.pk)} == {"open"}


@pytest.mark.parametrize("cloud", [LosesRequest(), LosesReply()], ids=["request", "reply"])
def test_a_call_lost_on_the_way_is_made_again(world: World, cloud: FakeCloud) -> None:
    machine = world.until(given(world, stray_of(world)), "running")
    assert cloud.server(machine.server_id).owner == str(world.student.uuid)


def test_it_lives_on_like_any_other(world: World) -> None:
    machine = world.until(given(world, stray_of(world)), "running")
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    actions.wake(machine=machine, by=world.student)
    world.until(machine, "running")
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    assert not Reservation.objects.filter(closed_at__isnull=True).exists()


def test_one_that_was_a_machine_before_can_be_reset_again(world: World) -> None:
    stray = stray_of(world)
    world.cloud._by_hand(stray.server_id, resets=3, restarts=2)
    keep_strays(world.cloud.living, world.clock.now)
    machine = world.until(given(world, stray), "running")
    actions.reset(machine=machine, by=world.student)
    world.until(machine, "running")
    assert world.cloud.server(machine.server_id).resets == 4


def test_what_it_is_counts_not_what_its_template_would_be(world: World) -> None:
    given(world, stray_of(world, vcpus=4, ram_mb=8192, disk_gb=20))
    taken = Reservation.objects.get()
    assert (taken.machines, taken.vcpus, taken.ram_mb, taken.disk_gb, taken.ports) == (1, 4, 8192, 20, 2)


def test_over_the_persons_quota_it_is_refused_with_the_numbers(world: World) -> None:
    Grant.objects.all().delete()
    grant(world.student, machines=1, ram_mb=100)
    with pytest.raises(OverQuota, match="student has no room") as refusal:
        given(world, stray_of(world))
    assert "256\u00a0MB of memory" in str(refusal.value)
    assert "100\u00a0MB" in str(refusal.value)
    assert not Machine.objects.exists()
    assert not Tunnel.objects.exists()


@pytest.mark.parametrize("status", ["building", "error", "unknown"])
def test_what_is_neither_well_nor_asleep_is_refused_with_a_sentence(world: World, status: str) -> None:
    with pytest.raises(NotToGive) as refusal:
        given(world, stray_of(world, status=status))
    assert len(str(refusal.value)) > 20


def test_one_that_left_in_the_meantime_is_refused(world: World) -> None:
    stray = stray_of(world)
    keep_strays([], world.clock.now)
    with pytest.raises(NotToGive, match="left the cluster"):
        given(world, stray)


def test_the_second_admin_reads_that_somebody_was_faster(world: World) -> None:
    stray = stray_of(world)
    given(world, stray)
    with pytest.raises(Taken, match="faster"):
        given(world, stray)


def test_the_database_itself_keeps_a_server_from_two_machines(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stray = stray_of(world)
    given(world, stray)
    monkeypatch.setattr("machines.adoption.why_not", lambda stray: None)  # as if both had looked at the same moment
    with pytest.raises(Taken):
        given(world, stray)
    assert Reservation.objects.count() == 1


def test_a_second_server_of_a_living_machine_is_refused(world: World) -> None:
    machine = world.running()
    twin = world.cloud._build(spec(str(machine.pk)))
    keep_strays([twin], world.clock.now)
    with pytest.raises(NotToGive, match="second server of the machine “mine”"):
        given(world, Stray.objects.get())


def test_one_that_is_being_removed_is_refused(world: World) -> None:
    with pytest.raises(NotToGive, match="being deleted"):
        given(world, stray_of(world, removed_at=world.clock.now))


def test_what_was_given_is_not_removed_as_a_second_one(world: World) -> None:
    stray = stray_of(world, kind="second", machine_key=str(uuid4()))
    given(world, stray)
    world.clock.move(10_000)
    assert remove_strays(world.cloud, world.clock.now) == 0


def test_a_server_that_vanishes_before_the_cloud_was_told_ends_the_machine(world: World) -> None:
    machine = given(world, stray_of(world))
    world.cloud.vanish(machine.server_id, trace=False)
    world.until(machine, "gone")
    assert not Reservation.objects.filter(closed_at__isnull=True).exists()


def test_a_list_in_between_does_not_take_it_for_gone(world: World) -> None:
    machine = given(world, stray_of(world))
    world.cloud.busy = True
    worker.step(machine.pk, world.cloud)
    world.cloud.busy = False
    world.forget_list()
    world.until(machine, "running")


def test_refused_by_the_cloud_it_keeps_its_server_through_every_retry(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_args: object) -> None:
        raise CloudRefused("Not yours.")

    machine = given(world, stray_of(world))
    with monkeypatch.context() as closed:
        closed.setattr(FakeCloud, "ensure_adopted", refuses)
        world.until(machine, "failed")
        world.forget_list()
        world.clock.move(61)
        world.turn()
        actions.retry(machine=machine, by=world.student)
        world.until(machine, "failed")
    actions.retry(machine=machine, by=world.student)
    world.until(machine, "running")
    assert (len(world.cloud.living), world.called("ensure_server")) == (1, 0)


def test_the_history_says_who_gave_what_to_whom(world: World, admin: User) -> None:
    stray = stray_of(world)
    machine = adopt(stray=stray, owner=world.student, template=world.template, name="", by=admin)
    event = machine.events.get(kind="wished")
    assert (event.by, str(event.note)) == (admin, f"It was the server “found” ({stray.server_id}).")
    assert machine.name == "found"


def test_another_name_is_told_to_the_cloud(world: World) -> None:
    machine = world.until(given(world, stray_of(world), name="new"), "running")
    for _turn in range(3):
        world.turn()
    machine.refresh_from_db()
    assert (machine.name, world.cloud.server(machine.server_id).name) == ("new", "new")


def test_a_retired_template_is_refused(world: World) -> None:
    world.template.retired_at = world.clock.now
    with pytest.raises(Refusal, match="not retired"):
        given(world, stray_of(world))


def test_a_person_is_found_by_username_or_by_the_whole_address(student: User) -> None:
    assert find_person(" student ") == find_person("Student@Example.org") == student


@pytest.mark.parametrize("text", ["", "stud", "student@", "\x00", "nobody@example.org"])
def test_half_a_name_finds_nobody(student: User, text: str) -> None:
    with pytest.raises(NoPerson):
        find_person(text)


def test_an_address_that_two_people_claim_is_nobodys(student: User, student2: User) -> None:
    User.objects.update(email="lab@example.org")
    with pytest.raises(NoPerson, match="the verified e-mail address"):
        find_person("lab@example.org")


def test_a_person_who_left_is_not_found(student: User) -> None:
    User.objects.update(is_active=False)
    with pytest.raises(NoPerson):
        find_person("student")


def test_the_mark_tells_whose_it_was_in_that_persons_project_alone(world: World) -> None:
    Allowance.objects.update_or_create(user=world.student, defaults={"tenant": "p1:rules"})
    marked = {"owner_key": str(world.student.uuid)}
    found = [owner_of(stray_of(world, project=project, **marked)) for project in ("p1", "p2", "")]
    assert found == [world.student, None, world.student]
    assert owner_of(stray_of(world, owner_key="o", project="p1")) is None


def test_the_likely_template_has_the_servers_size(world: World) -> None:
    other = make_template("other")
    other.flavor = type(other.flavor)(vcpus=1, ram_mb=512, disk_gb=2)
    assert likely_template(stray_of(world, ram_mb=512, disk_gb=2), [world.template, other]) == other
    assert likely_template(stray_of(world, ram_mb=1), []) is None


def test_a_mark_that_nobody_sees_in_the_servers_name_is_left_out(world: World) -> None:
    stray = stray_of(world)
    stray.name = "fo\u202eund\u00a0"
    Stray.objects.filter(pk=stray.pk).update(name=stray.name)
    assert given(world, stray).name == "found"
