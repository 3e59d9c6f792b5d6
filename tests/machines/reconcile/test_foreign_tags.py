"""Servers that carry a tag after a restore: one with a machine's tag counts only where the machine's servers are made."""

import pytest

from machines import actions
from machines.models import Machine
from quotas.models import Allowance
from tests.machines.found import spec
from tests.machines.reconcile.test_after_restore import Backup
from tests.machines.reconcile.test_after_restore import backup as backup
from tests.machines.stepper.archived_machines import archived
from tests.machines.world import World

pytestmark = pytest.mark.slow


def test_a_server_of_another_project_that_claims_its_tag_costs_no_archive(world: World, backup: Backup) -> None:
    machine = archived(world)
    backup.save()
    world.cloud._build(spec(str(machine.pk), "somebody-else"))
    world.cloud.settle()
    backup.put_back()
    machine.refresh_from_db()
    assert (machine.state, machine.server_id, bool(machine.archive_id)) == ("archived", "", True)


def test_a_server_that_was_made_since_in_the_owner_s_project_is_taken(world: World, backup: Backup) -> None:
    """The machine was adopted: its server before was in another project."""
    machine = archived(world)
    Machine.objects.update(project="of-operators")
    Allowance.objects.update(tenant=f"project-of-{world.student.uuid}:group:digest")
    backup.save()
    actions.restore(machine=machine, by=world.student)
    made = world.until(machine, "running").server_id
    backup.put_back()
    assert Machine.objects.get().server_id == made
