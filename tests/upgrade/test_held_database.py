"""A backup of 0.3.0 that was restored but not yet compared with the cloud stays held over the upgrade, until `meet`."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.xdist_group("upgrade")]
# As `restore` of 0.3.0 ran it (machines/reconcile/after_restore.py, HOLD).
HOLD_OF_BEFORE = """
UPDATE machines_machine SET claimed_until = now() + interval '100 years' WHERE state <> 'gone';
UPDATE machines_watch SET claimed_until = now() + interval '100 years';
DELETE FROM machines_stray;
"""


def hold() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(HOLD_OF_BEFORE)


@pytest.fixture(scope="module")
def _held(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    from tests.upgrade import base

    with django_db_blocker.unblock(), base.upgraded(hold):
        yield


@pytest.fixture
def world(_held: None) -> Iterator[Any]:
    from tests.upgrade import base, going_on

    with time_machine.travel(base.NOW, tick=False) as traveller:
        yield going_on.World(traveller)


def test_nothing_is_done_to_a_server_while_it_is_held(world: Any) -> None:
    from machines.reconcile import after_restore

    for _turn in range(3):
        world.turn()
    assert [call for call in world.cloud.calls if call[0].startswith("ensure_")] == []
    assert after_restore.is_due()


def test_meet_lets_every_machine_go_and_loses_none(world: Any) -> None:
    from machines.models import Machine
    from machines.reconcile import after_restore

    servers = {server.id for server in world.cloud.living}
    after_restore.compare_with_cloud(world.cloud)
    assert not after_restore.is_due()
    lost = Machine.objects.filter(server_id__in=servers, state="gone").exclude(wanted="gone")
    assert list(lost) == []
