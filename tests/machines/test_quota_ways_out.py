"""Ways out of a full quota: which machine alone frees enough, the smallest first."""

from typing import Any

import pytest

from accounts.models import User
from lib.measures import Size
from machines import actions
from machines.models import Machine
from machines.quota_ways_out import ways_out
from quotas.actions import usage
from quotas.models import Grant, Reservation
from tests.factories import grant, make_machine


def machine(owner: User, name: str, **share: int) -> Machine:
    row = make_machine(owner, name=name)
    Reservation.objects.filter(holder=row.pk).update(**share)
    return row


def ways(owner: User, size: Size, limits: dict[str, int], **more: Any) -> list[str]:
    Grant.objects.update(**limits)
    return [f"{way.verb} {way.machine.name}" for way in ways_out(owner, usage(owner).lacks(size, is_new=True), **more)]


@pytest.fixture
def three(student: User) -> list[Machine]:
    """Machines of 512, 1024 and 2048 MB, the biggest first."""
    sizes = {"condor": 2048, "puma": 1024, "suri": 512}
    return [machine(student, name, ram_mb=ram_mb) for name, ram_mb in sizes.items()]


def test_the_smallest_that_suffices_comes_first(student: User, three: list[Machine]) -> None:
    found = ways(student, Size(ram_mb=1000), {"ram_mb": 3584})
    assert found == ["archive puma", "archive condor", "delete puma", "delete condor"]


def test_what_does_not_suffice_is_not_named(student: User, three: list[Machine]) -> None:
    assert ways(student, Size(ram_mb=3000), {"ram_mb": 3584}) == []


def test_what_is_free_already_is_not_asked_for_again(student: User, three: list[Machine]) -> None:
    assert ways(student, Size(ram_mb=1000), {"ram_mb": 3584 + 500})[0] == "archive suri"


def test_all_that_lacks_must_be_freed(student: User, three: list[Machine]) -> None:
    Reservation.objects.filter(holder=three[0].pk).update(vcpus=4)
    found = ways(student, Size(ram_mb=500, vcpus=4), {"ram_mb": 3584, "vcpus": 6})
    assert found == ["archive condor", "delete condor"]


def test_ports_are_freed_by_deleting_alone(student: User, three: list[Machine]) -> None:
    assert ways(student, Size(ports=2), {"ports": 6}) == ["delete suri", "delete puma"]


def test_without_room_for_an_archive_none_is_offered(student: User, three: list[Machine]) -> None:
    assert ways(student, Size(machines=1), {"machines": 3, "archives": 0}) == ["delete suri", "delete puma"]


def test_an_archive_too_many_goes_by_deleting_an_archive(student: User, three: list[Machine]) -> None:
    actions.archive(machine=three[0], by=None)
    assert ways(student, Size(machines=1), {"archives": 0}) == ["delete condor"]


def test_the_machine_that_it_is_about_is_no_way_out(student: User, three: list[Machine]) -> None:
    found = ways(student, Size(ram_mb=1000), {"ram_mb": 3584}, but=three[1])
    assert found == ["archive condor", "delete condor"]


def test_another_persons_machine_is_none(student: User, student2: User, three: list[Machine]) -> None:
    grant(student2, machines=0)
    assert ways_out(student2, usage(student2).lacks(Size(machines=1))) == []


@pytest.mark.parametrize("many", [1, 6])
def test_it_is_as_many_queries_for_many(student: User, many: int, django_assert_max_num_queries: Any) -> None:
    for number in range(many):
        make_machine(student, name=f"mine-{number}")
    lacks = usage(student).lacks(Size(machines=99))
    with django_assert_max_num_queries(5):
        ways_out(student, lacks)
