"""A poisoned row is first in every loop: the one behind it is dealt with, and the failure is counted for administrators."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import RowFailure, User
from accounts.notices import mail
from cloud import contract
from cloud.contract import Diagnostics
from courses.models import Template
from machines import actions, disk_images
from machines.idle import delivery, signals
from machines.idle import enforce as idle
from machines.models import Activity, DiskImage, Machine, Stray
from machines.reconcile import strays, sweep, tenants
from machines.stepper import first_boot, worker
from quotas.models import Allowance
from tests.accounts.postman import HERE, Postman
from tests.cloud.fake import FakeCloud
from tests.factories import grant, make_gateway
from tests.machines.idle.asked import asked, notice, visited
from tests.machines.idle.quiet import row
from tests.machines.reconcile.test_tenants import MONTH
from tests.machines.world import World
from tests.waiting import PATIENCE
from tunnels.models import Tunnel


class TalksNonsense(FakeCloud):
    """A cloud that says of whatever is named in `poisoned` what no program expects."""

    def __init__(self) -> None:
        super().__init__()
        self.poisoned: set[str] = set()

    @contextmanager
    def _call(self, verb: str, *args: str) -> Iterator[None]:
        with super()._call(verb, *args):
            if verb != "diagnostics" and self.poisoned & set(args):
                raise KeyError("links")
            yield

    def diagnostics(self, server_ids: Sequence[str]) -> dict[str, Diagnostics]:
        told = super().diagnostics(server_ids)
        return {key: Diagnostics(nic_rx_bytes=2**70) if key in self.poisoned else facts for key, facts in told.items()}


@pytest.fixture
def cloud() -> TalksNonsense:
    return TalksNonsense()


def failed(loop: str) -> list[tuple[uuid.UUID | None, int]]:
    """Return the machines whose rows failed, and how often each."""
    return list(RowFailure.objects.filter(loop=loop).values_list("holder", "fails"))


def two(world: World) -> tuple[Machine, Machine]:
    first = world.running()
    return first, world.until(world.launch("second"), "running")


def other_rules(machine: Machine) -> None:
    """Make a template whose idle rules were written by something that is not Minga."""
    Template.objects.filter(pk=machine.template_id).update(slug="poisoned", idle=["idle_minutes"])
    Template.objects.exclude(slug="poisoned").update(idle={})


# Committed, as it is in production: each row's statement is a transaction of its own there.
@pytest.mark.django_db(transaction=True)
def test_a_server_of_which_the_cloud_tells_nonsense(world: World, cloud: TalksNonsense) -> None:
    first, second = two(world)
    cloud._by_hand(first.server_id, address="1" * 100)
    cloud.hand_suspend(second.server_id)
    world.forget_list()
    world.clock.move(70)
    sweep.tick(cloud, timezone.now())
    second.refresh_from_db()
    assert (second.cloud_status, failed("list")) == ("suspended", [(first.pk, 1)])


def test_a_list_that_cannot_be_read_keeps_no_bell_from_ringing(
    world: World, cloud: TalksNonsense, django_capture_on_commit_callbacks: Any
) -> None:
    machine = world.launch()
    Machine.objects.update(enqueued_at=None)
    cloud.poisoned = {""}
    with django_capture_on_commit_callbacks() as bells, pytest.raises(KeyError):
        sweep.tick(cloud, timezone.now() + timedelta(minutes=2))
    machine.refresh_from_db()
    assert (len(bells), machine.enqueued_at is None) == (1, False)


def test_a_machine_whose_step_fails(world: World, cloud: TalksNonsense) -> None:
    first, second = world.launch(), world.launch("second")
    cloud.poisoned, began = {str(first.pk)}, timezone.now()
    for machine in (first, second):
        worker.step(machine.pk, cloud)
    second.refresh_from_db()
    first.refresh_from_db()
    assert (second.state, failed("step")) == ("building", [(first.pk, 1)])
    assert first.retry_at is not None
    assert first.retry_at > began + timedelta(seconds=20)


def test_after_three_failures_its_owner_reads_of_it_and_then_it_is_well(world: World, cloud: TalksNonsense) -> None:
    machine = world.launch()
    cloud.poisoned = {str(machine.pk)}
    for _try in range(3):
        worker.step(machine.pk, cloud)
        world.clock.move(300)
    machine.refresh_from_db()
    assert str(machine.note).startswith("Something of ours")
    cloud.poisoned = set()
    world.until(machine, "running")
    assert failed("step") == []


def test_one_that_is_deleted_in_the_end_is_struck_off(world: World, cloud: TalksNonsense) -> None:
    machine = world.launch()
    cloud.poisoned = {str(machine.pk)}
    worker.step(machine.pk, cloud)
    cloud.poisoned = set()
    actions.delete(machine=machine, by=world.student)
    world.until(machine, "gone")
    assert failed("step") == []


def test_a_console_that_cannot_be_read(world: World, cloud: TalksNonsense) -> None:
    cloud.console = ["Cloud-init v. 22.4.2 running 'init'"]
    first, second = two(world)
    cloud.poisoned, cloud.console = {first.server_id}, ["Cloud-init v. 22.4.2 finished at noon"]
    world.clock.move(61)
    first_boot.tend(cloud, timezone.now())
    second.refresh_from_db()
    assert (second.setup, failed("first boots")) == ("done", [(first.pk, 1)])


def test_idle_rules_that_cannot_be_read(clock: Any, student: User) -> None:
    first = row(student, clock.now)
    other_rules(first)
    second = row(student, clock.now, name="second")
    done = idle.tick(clock.now)
    assert [step.outlook.facts.machine.pk for step in done] == [second.pk]
    assert RowFailure.objects.get().loop == "idle"


def test_signals_by_rules_that_cannot_be_read(clock: Any, student: User) -> None:
    other_rules(visited(student))
    second = visited(student, name="second")
    signals.gather(clock.now)
    assert list(Activity.objects.exclude(ports_heard_at=None).values_list("machine", flat=True)) == [second.pk]
    assert RowFailure.objects.get().loop == "signals"


def test_a_guest_whose_counters_are_nonsense(world: World, cloud: TalksNonsense) -> None:
    first, second = two(world)
    signals.gather(timezone.now())
    cloud.poisoned = {first.server_id}
    signals.sample(cloud, timezone.now())
    assert list(Activity.objects.exclude(load_heard_at=None).values_list("machine", flat=True)) == [second.pk]
    assert RowFailure.objects.get().key == str(first.pk)


@pytest.mark.django_db
def test_a_mail_address_that_is_none(student: User, student2: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    postman = Postman()
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = HERE, postman.port, PATIENCE
    User.objects.filter(pk=student.pk).update(email="a@b.c, d@e.f")
    EmailAddress.objects.create(user=student, email="a@b.c, d@e.f", verified=True)
    first, second = asked(visited(student)), asked(visited(student2))
    assert mail.send_due(timezone.now()) == 1
    postman.close()
    assert (notice(second, "mail").state, failed("mail")) == ("delivered", [(first.machine_id, 1)])
    poisoned = notice(first, "mail")
    assert (poisoned.state, poisoned.attempts, "ValueError" in poisoned.fault) == ("due", 1, True)


def test_a_line_to_a_gateway_that_has_no_name(student: User, student2: User, settings: Any, tmp_path: Any) -> None:
    from tests.cloud.local_stage import make_key

    settings.PORTAL_KEY_FILE = str(make_key(tmp_path, "portal"))
    first, second = asked(visited(student)), asked(visited(student2))
    Tunnel.objects.update(connections=1)
    good = make_gateway()
    bad = type(good).objects.create(
        **{f: getattr(good, f) for f in ("ssh_host", "host_key", "first_port", "last_port")},
        name="bad",
        public_host="bad..host",
        token_hash="y" * 64,
    )
    Tunnel.objects.filter(holder=first.machine_id).update(gateway=bad)
    delivery.write_lines(timezone.now())
    assert "could not be reached" in notice(first, "terminal").fault
    assert "could not be reached" in notice(second, "terminal").fault


def test_a_stray_that_cannot_be_removed(world: World, cloud: TalksNonsense) -> None:
    ids = [f"server-{number}" for number in range(2)]
    long_ago = timezone.now() - timedelta(hours=1)
    Stray.objects.bulk_create(Stray(server_id=one, kind="second", seen_at=long_ago) for one in ids)
    cloud.poisoned = {ids[0]}
    assert strays.remove_strays(cloud, timezone.now()) == 1
    assert Stray.objects.get(server_id=ids[1]).removed_at
    assert RowFailure.objects.get().key == ids[0]


def test_a_stray_that_cannot_be_removed_keeps_its_count_while_it_is_listed(world: World, cloud: TalksNonsense) -> None:
    """Listing it goes well each minute: that makes no removal well."""
    server = cloud._build(_stranger("left"))
    strays.keep_strays([server], timezone.now())
    cloud.poisoned = {server.id}
    for _twice in range(2):
        RowFailure.objects.update(next_at=timezone.now())
        Stray.objects.update(kind="second", seen_at=timezone.now() - timedelta(hours=1), removed_at=None)
        strays.remove_strays(cloud, timezone.now())
        strays.keep_strays([server], timezone.now())
    assert failed("needless servers") == [(None, 2)]


def test_a_stray_rests_after_a_failure_and_is_struck_off_when_it_is_well(world: World, cloud: TalksNonsense) -> None:
    bad = cloud._build(_stranger("bad\0name"))
    strays.keep_strays([bad], timezone.now())
    well = replace(bad, name="well")
    strays.keep_strays([well], timezone.now())
    assert (Stray.objects.count(), RowFailure.objects.count()) == (0, 1)
    strays.keep_strays([well], timezone.now() + timedelta(minutes=2))
    assert (Stray.objects.count(), RowFailure.objects.count()) == (1, 0)


def test_a_stray_that_cannot_be_written_down(world: World, cloud: TalksNonsense) -> None:
    ids = [cloud._build(_stranger(name)).id for name in ("bad\0name", "good")]
    strays.keep_strays(cloud.living, timezone.now())
    assert list(Stray.objects.values_list("server_id", flat=True)) == [ids[1]]
    assert RowFailure.objects.get().key == ids[0]


def _stranger(name: str) -> contract.ServerSpec:
    return contract.ServerSpec("", contract.Owner(""), name, "tiny", "linux")


def test_a_person_whose_project_cannot_be_looked_at(world: World, cloud: TalksNonsense, student2: User) -> None:
    for user in (world.student, student2):
        grant(user)
        Allowance.objects.update_or_create(user=user, defaults={"told": {"servers": 1}, "looked_at": None})
        cloud.tenants[str(user.uuid)] = contract.Owner(str(user.uuid))
    cloud.poisoned = {str(world.student.uuid)}
    tenants.tidy(cloud, timezone.now() + MONTH)
    assert list(cloud.tenants) == [str(world.student.uuid)]
    assert RowFailure.objects.get().key == str(world.student.pk)


def test_a_person_with_whom_all_goes_well_again_is_struck_off(world: World, cloud: FakeCloud) -> None:
    Allowance.objects.update_or_create(user=world.student, defaults={"told": {"servers": 1}, "looked_at": None})
    RowFailure.objects.create(loop="tenants", key=str(world.student.pk), fails=4)
    tenants.tidy(cloud, timezone.now() + MONTH)
    assert not RowFailure.objects.exists()


def test_a_project_that_is_always_busy_keeps_nobody_waiting(world: World, cloud: FakeCloud, student2: User) -> None:
    """The first busy answer used to end the run, and took the turn of all others for an hour."""
    Allowance.objects.update_or_create(user=world.student, defaults={"told": {"servers": 1}})
    Allowance.objects.update_or_create(user=student2, defaults={"told": {"servers": 1}})
    cloud.busy = True
    tenants.tidy(cloud, timezone.now() + MONTH)
    assert RowFailure.objects.filter(loop="tenants").count() == 2


def test_a_disk_that_cannot_be_copied(world: World, cloud: TalksNonsense) -> None:
    first, second = two(world)
    made = [disk_images.request(machine=machine, by=world.student) for machine in (first, second)]
    cloud.poisoned = {first.server_id}
    disk_images.tend(cloud, timezone.now())
    assert len(cloud.archives) == 1
    assert failed("copies") == [(first.pk, 1)]
    assert DiskImage.objects.get(pk=made[0].pk).state == "due"


def test_an_image_that_cannot_be_deleted(world: World, cloud: TalksNonsense) -> None:
    machine = world.running()
    facts = {"machine": machine, "kind": "download", "state": "failed"}
    DiskImage.objects.bulk_create(DiskImage(image_id=image, **facts) for image in ("bad", "good"))
    cloud.poisoned = {"bad"}
    disk_images.tidy(cloud, timezone.now())
    assert list(DiskImage.objects.exclude(image_id="").values_list("image_id", flat=True)) == ["bad"]
    assert failed("needless copies") == [(machine.pk, 1)]
