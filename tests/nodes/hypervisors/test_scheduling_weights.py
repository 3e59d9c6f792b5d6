"""A node whose disks are not for machines' disks gets new machines last."""

from typing import Any

import pytest

from accounts.models import User
from cloud.contract import CloudRefused
from nodes.hypervisors import scheduling_weights, ties
from nodes.models import Computer, Node
from tests.cloud.fake import FakeCloud
from tests.nodes.donated import make_computer
from tests.nodes.hypervisors.seen import QUINDE, at, kinds, look
from tests.nodes.intake import recorded
from tests.nodes.intake.measured import measured

pytestmark = pytest.mark.django_db
BAD = {**recorded.facts()["disks"][0], "pending": 3}


@pytest.fixture
def pc(admin: User) -> Computer:
    """The computer that quinde is."""
    look(0)
    computer = make_computer("in_service")
    ties.tie(node=Node.objects.get(), computer=computer, since=at(0), by=admin, now=at(1))
    return computer


@pytest.fixture
def cloud() -> FakeCloud:
    made = FakeCloud()
    made.computers = {QUINDE.name: QUINDE}
    return made


def settle(cloud: FakeCloud) -> float:
    """The weight after another look."""
    look(2, *cloud.hosts())
    scheduling_weights.settle(cloud, cloud.hosts(), at(2))
    return cloud.computers[QUINDE.name].weight


def test_a_computer_with_a_bad_disk_comes_last(pc: Computer, cloud: FakeCloud) -> None:
    measured(pc, disks=[BAD])
    assert settle(cloud) < 0
    node = Node.objects.get()
    assert (node.weight, node.events.first().kind, node.events.first().note) == (-1, "last", "sda")  # type: ignore[union-attr]


def test_twice_is_once(pc: Computer, cloud: FakeCloud) -> None:
    measured(pc, disks=[BAD])
    assert settle(cloud) == settle(cloud)
    assert kinds(Node.objects.get()) == ["seen", "tied", "last"]


def test_a_new_disk_makes_it_as_others(pc: Computer, cloud: FakeCloud) -> None:
    measured(pc, disks=[BAD])
    settle(cloud)
    measured(pc)
    assert settle(cloud) == 1
    assert kinds(Node.objects.get())[-1] == "usual"


def test_a_node_that_is_this_computer_no_more_is_as_others(pc: Computer, cloud: FakeCloud, admin: User) -> None:
    measured(pc, disks=[BAD])
    settle(cloud)
    ties.untie(node=Node.objects.get(), by=admin, now=at(2))
    assert settle(cloud) == 1


def test_what_the_cloud_refuses_is_tried_again(pc: Computer, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_facts: Any) -> None:
        raise CloudRefused("Policy does not allow it.")

    measured(pc, disks=[BAD])
    with monkeypatch.context() as patched:
        patched.setattr(cloud, "set_host_weight", refuse)
        assert (settle(cloud), Node.objects.get().weight) == (1, 1)
    assert settle(cloud) < 0
