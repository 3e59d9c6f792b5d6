"""A sweep of three hundred servers without a change costs one call, and few queries (bench/look.py measures the time)."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from machines.models import CloudWatch, Machine
from machines.reconcile import sweep
from machines.stepper.server_spec import spec_of
from tests.machines.world import World

pytestmark = pytest.mark.slow

MANY = 300


@pytest.fixture
def many(world: World) -> World:
    """Make machines that all run, and that one whole list has seen."""
    for part in (world.template, world.template.image, world.template.flavor):
        part.refresh_from_db()
    facts = {"owner": world.student, "template": world.template, "state": "running", "wanted": "running"}
    rows = Machine.objects.bulk_create(Machine(name=f"m{n}", **facts) for n in range(MANY))
    spec = spec_of(rows[0])
    spec = replace(spec, owner=replace(spec.owner, quota=None))
    for row in rows:
        row.server_id = world.cloud._build(replace(spec, machine=str(row.pk), name=row.name)).id
    Machine.objects.bulk_update(rows, ["server_id"])
    world.cloud.settle()
    CloudWatch.get_solo()
    world.clock.move(20)
    sweep.tick(world.cloud, world.clock.now)
    return world


def look(world: World, *, whole: bool) -> Callable[[], None]:
    def once() -> None:
        world.clock.move(16)
        now = world.clock.now
        CloudWatch.objects.update(whole_at=now, next_at=now, **({"cursor": ""} if whole else {}))
        sweep.tick(world.cloud, world.clock.now)

    return once


@pytest.mark.parametrize(("whole", "queries"), [(False, 12), (True, 14)], ids=["changes", "whole"])
def test_a_sweep_without_change_is_cheap(many: World, whole: bool, queries: int) -> None:
    once = look(many, whole=whole)
    many.cloud.calls.clear()
    with CaptureQueriesContext(connection) as seen:
        once()
    assert [call[0] for call in many.cloud.calls] == ["list_servers", *(["room"] if whole else [])]
    assert not [query["sql"] for query in seen if 'UPDATE "machines_machine"' in query["sql"]]
    assert len(seen) <= queries


def test_a_tick_that_has_nothing_to_do_is_two_queries(many: World) -> None:
    CloudWatch.objects.update(next_at=many.clock.now.replace(year=2030), listed_at=many.clock.now)
    with CaptureQueriesContext(connection) as seen:
        sweep.tick(many.cloud, many.clock.now)
    assert len(seen) == 2
