"""The cloud's projects follow the people: their quota is told, and an empty one is taken away after its time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings

from accounts.models import User
from cloud.contract import Quota
from machines import actions
from machines.models import Machine
from machines.reconcile import tenants
from quotas.models import Allowance
from tests.cloud.fake import FakeCloud
from tests.factories import grant
from tests.machines.found import spec
from tests.machines.world import World

MONTH = timedelta(seconds=settings.EMPTY_PROJECT_SECONDS)


def leave(world: World) -> Machine:
    machine = world.running()
    actions.delete(machine=machine, by=world.student)
    return world.until(machine, "gone")


def asked(cloud: FakeCloud) -> list[str]:
    return [call[0] for call in cloud.calls if call[0] in ("ensure_owner_gone", "ensure_quota")]


def test_a_launch_tells_a_grant_given_since_the_last(world: World, cloud: FakeCloud) -> None:
    world.running()
    world.until(world.launch("second"), "running")
    assert asked(cloud) == []
    grant(world.student, machines=1)
    world.until(world.launch("third"), "running")
    assert asked(cloud) == ["ensure_quota"]
    quota = cloud.tenants[str(world.student.uuid)].quota
    assert quota is not None
    assert quota.servers == 11


def test_a_grant_given_later_is_told_without_a_launch(world: World, cloud: FakeCloud) -> None:
    world.running()
    grant(world.student, machines=1)
    for _ in range(2):
        tenants.tidy(cloud, world.clock.now)
    assert asked(cloud) == ["ensure_quota"]


def test_a_quota_that_was_lost_in_a_restore_is_told_when_the_cloud_says_its_limit(
    world: World, cloud: FakeCloud
) -> None:
    Machine.objects.all().delete()
    machine = world.running()
    key = str(world.student.uuid)
    cloud.tenants[key] = replace(cloud.tenants[key], quota=Quota(1, 1, 256))
    world.until(world.launch("second"), "running")
    assert asked(cloud) == ["ensure_quota"]
    assert len(world.known(machine)) == 1


def test_the_project_of_somebody_who_left_goes_after_its_time(world: World, cloud: FakeCloud) -> None:
    leave(world)
    tenants.tidy(cloud, world.clock.now + MONTH - timedelta(minutes=1))
    assert asked(cloud) == []
    for hours in (2, 4):
        tenants.tidy(cloud, world.clock.now + MONTH + timedelta(hours=hours))
    assert (asked(cloud), cloud.tenants) == (["ensure_owner_gone"], {})


def test_rules_that_the_settings_changed_are_written_down_once(world: World, cloud: FakeCloud) -> None:
    world.running()
    for told in ("p:g:old", "p:g:new", "p:g:new"):
        cloud.rules_told = told
        tenants.tidy(cloud, world.clock.now + timedelta(hours=2 * len(cloud.calls)))
        assert Allowance.objects.get(user=world.student).tenant == told


def test_a_tenant_that_is_nowhere_to_be_found_is_not_forgotten(world: World, cloud: FakeCloud) -> None:
    world.running()
    Allowance.objects.update(tenant="p:g:old")
    cloud.rules_told = ""
    tenants.tidy(cloud, world.clock.now)
    assert Allowance.objects.get(user=world.student).tenant == "p:g:old"


def test_who_has_a_machine_keeps_it(world: World, cloud: FakeCloud) -> None:
    leave(world)
    world.running()
    tenants.tidy(cloud, world.clock.now + 2 * MONTH)
    assert asked(cloud) == []


def test_who_comes_back_gets_a_new_one_with_the_quota_of_now(world: World, cloud: FakeCloud) -> None:
    leave(world)
    tenants.tidy(cloud, world.clock.now + MONTH + timedelta(hours=1))
    grant(world.student, machines=1)
    world.running()
    quota = cloud.tenants[str(world.student.uuid)].quota
    assert quota is not None
    assert (quota.servers, asked(cloud)) == (11, ["ensure_owner_gone"])


def test_one_that_is_not_empty_stays_and_is_asked_for_again_an_hour_later(world: World, cloud: FakeCloud) -> None:
    leave(world)
    cloud.vanish(next(iter(cloud._rows)), trace=False)
    cloud._build(spec(owner=str(world.student.uuid)))  # somebody made it in Horizon
    now = world.clock.now + MONTH
    for minutes in (1, 2, 63):
        tenants.tidy(cloud, now + timedelta(minutes=minutes))
    assert asked(cloud) == ["ensure_owner_gone"] * 2
    assert Allowance.objects.get(user=world.student).told != {}


@pytest.mark.parametrize("cloud", [FakeCloud()], ids=["busy"])
def test_a_busy_cloud_ends_the_run(world: World, cloud: FakeCloud) -> None:
    """The run ends after three failures in a row; the others have their turn as soon as the cloud is well."""
    for number in range(5):
        person = User.objects.create_user(username=f"left{number}", password="x", email="", roles=["student"])
        Allowance.objects.create(user=person, told={"servers": 1})
    cloud.busy = True
    tenants.tidy(cloud, world.clock.now + 2 * MONTH)
    assert len(asked(cloud)) == 3
    cloud.busy = False
    tenants.tidy(cloud, world.clock.now + 2 * MONTH)
    assert len(asked(cloud)) == 3 + 2


def test_a_run_looks_at_few(world: World, cloud: FakeCloud) -> None:
    for number in range(12):
        person = User.objects.create_user(username=f"left{number}", password="x", email="", roles=["student"])
        Allowance.objects.create(user=person, told={"servers": 1})
    counts = []
    for _run in range(4):
        cloud.calls.clear()
        tenants.tidy(cloud, world.clock.now + 2 * MONTH)
        counts.append(len(asked(cloud)))
    assert counts == [5, 5, 2, 0]
