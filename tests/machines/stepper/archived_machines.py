"""Machines that are archived, for the tests of archives."""

from accounts.models import User
from machines import actions
from machines.models import Machine
from quotas.actions import usage
from quotas.models import Reservation
from tests.machines.world import World

RESTS = {"running": "", "suspended": "suspend", "shelved": "shelve"}


def at_rest(world: World, state: str) -> Machine:
    machine = world.running()
    if RESTS[state]:
        getattr(actions, RESTS[state])(machine=machine, by=world.student)
        world.until(machine, state)
    return machine


def archived(world: World, state: str = "running") -> Machine:
    machine = at_rest(world, state)
    actions.archive(machine=machine, by=world.student)
    return world.until(machine, "archived")


def open_shares() -> int:
    """Count open shares of machines; what an archive takes is in test_archive_share.py."""
    return Reservation.objects.filter(closed_at__isnull=True, machines=1).count()


def used(user: User) -> tuple[int, int, int, int]:
    """Return what counts in a quota: machines, ports, archives and their GB."""
    now = usage(user)
    return now.machines.used, now.ports.used, now.archives.used, now.archive_gb.used
