"""The cloud is told what a person may keep: once, and again only when it changes."""

from accounts.models import User
from cloud.contract import Quota
from quotas import backstop
from quotas.actions import lock
from quotas.models import Allowance
from tests.cloud.fake import FakeCloud
from tests.factories import grant


def tell(user: User, cloud: FakeCloud) -> int:
    """Tell as a launch does; return the number of calls."""
    lock(user)
    cloud.calls.clear()
    owner = backstop.owner_of(user)
    backstop.send_quota(user, owner, cloud)
    backstop.remember(user, owner)
    return len(cloud.calls)


def test_it_is_what_the_live_grants_give(student: User) -> None:
    grant(student, machines=2, vcpus=3, ram_mb=4)
    grant(student, machines=1, vcpus=1, ram_mb=1)
    assert backstop.owner_of(student).quota == Quota(3, 4, 5)


def test_the_first_time_costs_no_call_for_the_tenant_is_made_with_it(student: User) -> None:
    grant(student)
    assert tell(student, FakeCloud()) == 0


def test_the_second_time_costs_no_call(student: User) -> None:
    grant(student)
    tell(student, FakeCloud())
    assert tell(student, FakeCloud()) == 0


def test_a_grant_given_later_is_told_once(student: User) -> None:
    grant(student)
    tell(student, FakeCloud())
    grant(student, machines=1)
    assert [tell(student, FakeCloud()) for _ in range(2)] == [1, 0]


def test_what_is_doubted_is_told_again(student: User) -> None:
    grant(student)
    tell(student, FakeCloud())
    backstop.mark_unknown(student)
    assert [tell(student, FakeCloud()) for _ in range(2)] == [1, 0]


def test_who_left_has_no_tenant_to_tell(student: User) -> None:
    grant(student)
    tell(student, FakeCloud())
    backstop.forget(student)
    grant(student)
    assert tell(student, FakeCloud()) == 0
    assert Allowance.objects.get(user=student).told["servers"] == 20
