"""The cloud's users follow their people: made once, switched off and deleted with the account, whatever is lost on the way."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site

from accounts import person_actions
from accounts.cloud_users import asking
from accounts.models import CloudUser, OutsideAccount, RowFailure, User
from cloud.contract import Owner, Quota
from machines.models import CloudWatch
from machines.reconcile import cloud_users, tenants
from quotas.models import Allowance
from tests.cloud.fake import FakeCloud, LosesReply, LosesRequest
from tests.cloud.fake_users import FakeUser
from tests.machines.world import World


@pytest.fixture(autouse=True)
def _offered(settings: Any) -> None:
    settings.KEYSTONE_USERS_FOR_STUDENTS = True


@pytest.fixture
def password(world: World) -> str:
    """Have the student ask for a user."""
    return asking.ask(person=world.student)[1]


def follow(world: World, minutes: float = 0) -> None:
    world.clock.move(60 * minutes)
    cloud_users.follow(world.cloud, world.clock.now)


def there(cloud: FakeCloud) -> FakeUser:
    [row] = cloud.users.values()
    return row


def test_it_is_made_with_the_password_that_was_shown(world: World, cloud: FakeCloud, password: str) -> None:
    follow(world)
    row = CloudUser.objects.get()
    assert (there(cloud).password, there(cloud).enabled, row.is_ready) == (password, True, True)
    assert OutsideAccount.objects.get().subject == row.subject == there(cloud).id
    follow(world)
    assert world.called("ensure_user") == 1


def test_it_comes_with_a_project_that_has_the_quota(world: World, cloud: FakeCloud, password: str) -> None:
    follow(world)
    quota = cloud.tenants[str(world.student.uuid)].quota
    assert quota is not None
    assert quota.servers == 10
    assert Allowance.objects.get(user=world.student).told == {
        "servers": 10,
        "vcpus": quota.vcpus,
        "ram_mb": quota.ram_mb,
    }


@pytest.mark.parametrize("cloud", [LosesRequest(), LosesReply()], ids=["request", "reply"])
def test_whatever_is_lost_it_is_made_once(world: World, cloud: FakeCloud, password: str) -> None:
    for _turn in range(5):
        follow(world, minutes=6)
    assert (there(cloud).password, CloudUser.objects.get().subject) == (password, there(cloud).id)
    assert not RowFailure.objects.exists()
    asking.end(person=world.student, by=world.student)
    for _turn in range(5):
        follow(world, minutes=6)
    assert (cloud.users, CloudUser.objects.count()) == ({}, 0)


def test_one_that_a_killed_worker_left_is_taken_again_by_its_name(
    world: World, cloud: FakeCloud, password: str
) -> None:
    name = CloudUser.objects.get().name
    cloud.users[name] = FakeUser("left", name, str(world.student.uuid), "lost", enabled=True)
    follow(world)
    assert (CloudUser.objects.get().subject, there(cloud).password) == ("left", password)


def test_a_name_that_is_somebody_else_s_there_is_refused_and_told(
    world: World, cloud: FakeCloud, password: str
) -> None:
    name = CloudUser.objects.get().name
    cloud.users[name] = FakeUser("theirs", name, "somebody", "secret", enabled=True)
    follow(world)
    row = CloudUser.objects.get()
    assert (row.subject, "somebody else" in row.refused, there(cloud).password) == ("", True, "secret")
    assert RowFailure.objects.get(loop="cloud users").key == str(row.pk)
    assert not OutsideAccount.objects.exists()


def test_a_blocked_person_s_is_switched_off_and_on_again(
    world: World, cloud: FakeCloud, password: str, admin: User
) -> None:
    follow(world)
    person_actions.block(person=world.student, by=admin)
    follow(world)
    assert not there(cloud).enabled
    person_actions.unblock(person=world.student, by=admin)
    follow(world)
    assert (there(cloud).enabled, there(cloud).password) == (True, password)


def test_a_password_that_nobody_can_open_keeps_no_blocked_person_s_on(
    world: World, cloud: FakeCloud, password: str, admin: User, settings: Any
) -> None:
    follow(world)
    asking.ask(person=world.student)
    settings.SECRET_KEY = "another" * 8
    person_actions.block(person=world.student, by=admin)
    follow(world)
    assert not there(cloud).enabled


def test_a_password_that_was_asked_for_before_a_block_comes_after_it(
    world: World, cloud: FakeCloud, password: str, admin: User
) -> None:
    follow(world)
    _row, other = asking.ask(person=world.student)
    person_actions.block(person=world.student, by=admin)
    follow(world)
    assert (there(cloud).enabled, there(cloud).password) == (False, password)
    person_actions.unblock(person=world.student, by=admin)
    follow(world)
    assert (there(cloud).enabled, there(cloud).password) == (True, other)


def test_a_removed_person_s_is_deleted_once_the_cloud_answers(
    world: World, cloud: FakeCloud, password: str, admin: User
) -> None:
    follow(world)
    person_actions.remove(person=world.student, by=admin)
    cloud.busy = True
    follow(world)
    assert CloudUser.objects.exists()
    cloud.busy = False
    follow(world)
    assert len(cloud.users) == 1  # not before its turn
    follow(world, minutes=6)
    assert (cloud.users, CloudUser.objects.exists()) == ({}, False)


def test_what_an_operator_switched_off_stays_off(world: World, cloud: FakeCloud, password: str) -> None:
    follow(world)
    there(cloud).enabled = False
    follow(world, minutes=7 * 60)
    assert world.called("ensure_user") == 2
    assert not there(cloud).enabled


def test_what_an_operator_deleted_is_not_made_again_until_it_is_asked_for(
    world: World, cloud: FakeCloud, password: str
) -> None:
    follow(world)
    cloud.users.clear()
    follow(world, minutes=7 * 60)
    assert (cloud.users, CloudUser.objects.exists()) == ({}, False)
    asking.ask(person=world.student)
    follow(world)
    assert there(cloud).id == CloudUser.objects.get().subject


def test_one_that_was_deleted_there_and_gets_a_password_is_made_anew(
    world: World, cloud: FakeCloud, password: str
) -> None:
    follow(world)
    cloud.users.clear()
    _row, other = asking.ask(person=world.student)
    for _turn in range(2):
        follow(world)
    assert (there(cloud).password, CloudUser.objects.get().subject) == (other, there(cloud).id)
    assert OutsideAccount.objects.get().subject == there(cloud).id


def test_two_workers_at_once_make_one(world: World, cloud: FakeCloud, password: str) -> None:
    CloudUser.objects.update(claimed_until=world.clock.now + timedelta(seconds=60))
    follow(world)
    assert world.called("ensure_user") == 0


def test_nothing_is_asked_while_a_restore_waits(world: World, password: str) -> None:
    CloudWatch.objects.update_or_create(pk=1, defaults={"held_at": world.clock.now})
    follow(world)
    assert world.called("ensure_user") == 0


def test_the_settings_alone_delete_nothing(world: World, cloud: FakeCloud, password: str, settings: Any) -> None:
    follow(world)
    settings.KEYSTONE_USERS_FOR_STUDENTS = False
    follow(world, minutes=7 * 60)
    assert there(cloud).enabled


def test_the_project_of_who_sees_it_in_horizon_stays(world: World, cloud: FakeCloud, password: str) -> None:
    follow(world)
    late = world.clock.now + timedelta(seconds=2 * site.EMPTY_PROJECT_SECONDS)
    tenants.tidy(cloud, late)
    assert str(world.student.uuid) in cloud.tenants
    asking.end(person=world.student, by=world.student)
    follow(world)
    tenants.tidy(cloud, late + timedelta(hours=2))
    assert cloud.tenants == {}


def test_a_quota_of_before_is_written_anew(world: World, cloud: FakeCloud, password: str) -> None:
    key = str(world.student.uuid)
    cloud.tenants[key] = Owner(key, "student", Quota(1, 1, 1))
    follow(world)
    quota = cloud.tenants[key].quota
    assert quota is not None
    assert quota.servers == 10


def test_a_poisoned_row_stops_nobody_else(world: World, cloud: FakeCloud, password: str, student2: User) -> None:
    CloudUser.objects.update(sealed_password="not sealed by us")
    asking.ask(person=student2)
    follow(world)
    assert there(cloud).owner == str(student2.uuid)
    assert RowFailure.objects.filter(loop="cloud users").count() == 1
