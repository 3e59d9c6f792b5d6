"""Several administrators who press at once: one of them takes a node out of service, or back, and the others read why not."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from cloud.contract import Host
from nodes.hypervisors import emptying, looks
from nodes.models import Emptying, Node, NodeEvent


def pressed(*acts: Callable[[Node], object]) -> list[str]:
    """Let all act at once, and return how each ended."""

    def press(act: Callable[[Node], object]) -> str:
        try:
            act(Node.objects.get())
            return "done"
        except emptying.NotNow:
            return "not now"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(press, acts))


@pytest.mark.django_db(transaction=True)
def test_of_four_that_press_at_once_one_takes_it_out_and_one_brings_it_back(admin: User) -> None:
    looks.look([Host("quinde", up=True, enabled=True)], now := timezone.now())
    day = timedelta(days=1)

    def empty(node: Node) -> None:
        emptying.begin_maintenance(node=node, why="dust", within=day, by=admin, now=now)

    def end(node: Node) -> None:
        emptying.end(node=node, by=admin, now=now)

    assert pressed(*[empty] * 4) == ["done", "not now", "not now", "not now"]
    assert pressed(*[end] * 4) == ["done"] * 4
    assert (Emptying.objects.count(), NodeEvent.objects.filter(kind="back").count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_of_four_that_declare_it_dead_in_its_maintenance_one_does(admin: User) -> None:
    looks.look([Host("quinde", up=True, enabled=True)], now := timezone.now())
    emptying.begin_maintenance(node=Node.objects.get(), why="dust", within=timedelta(), by=admin, now=now)
    Node.objects.update(up=False)

    def declare(node: Node) -> None:
        emptying.declare_dead(node=node, why="smoke", by=admin, now=now)

    assert pressed(*[declare] * 4) == ["done", "not now", "not now", "not now"]
    assert list(Emptying.objects.values_list("kind", "settled_at")) == [("maintenance", now), ("dead", None)]
